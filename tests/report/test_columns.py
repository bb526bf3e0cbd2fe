"""The columns: aligned figures that never read better than they are, and an order of giving way."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from pytest_sdperf.report.columns import NOT_KNOWN, Column, columns, common_workload, fitting
from pytest_sdperf.report.outcome import Report
from pytest_sdperf.report.rows import Row, rows

NAMES = ["variant", "latency", "speed_up", "unet", "ssim", "psnr", "peak", "proven", "verdict"]


@pytest.fixture
def row(report: Report) -> Row:
    return rows(report)[5]


def with_figures(row: Row, **figures: Any) -> Row:
    return dataclasses.replace(row, figures={**row.figures, **figures})


def cells(name: str, *made: Row) -> list[str]:
    return next(c.cells for c in columns(made) if c.name == name)


def heading(name: str, *made: Row) -> str:
    return next(c.heading for c in columns(made) if c.name == name)


def test_all_columns_of_the_blog_posts_table(report: Report) -> None:
    assert [c.name for c in columns(rows(report))] == NAMES


@pytest.mark.parametrize(
    ("median_s", "unit", "texts"),
    [
        ((35.5, 4.7), "s", ["35.50", "4.70"]),
        ((0.107, 0.0423), "ms", ["107.0", "42.3"]),
        ((0.00042, 0.00033), "us", ["420", "330"]),
        ((1234.0, 0.01), "s", ["1234.000", "0.010"]),
        ((1500.0, 1200.0), "s", ["1500", "1200"]),
        ((0.0, 2.0), "s", ["0.00", "2.00"]),
    ],
)
def test_one_unit_and_one_number_of_decimals(
    row: Row, median_s: tuple[float, ...], unit: str, texts: list[str]
) -> None:
    made = [dataclasses.replace(row, median_s=m, spread=None) for m in median_s]
    assert heading("latency", *made) == f"latency {unit}"
    assert cells("latency", *made) == texts


def test_spreads_stand_under_each_other(row: Row) -> None:
    made = [dataclasses.replace(row, median_s=2.0, spread=s) for s in (0.012, 0.124, None, 0.0994, 0.0996)]
    assert cells("latency", *made) == ["2.00 ±1.2 %", "2.00  ±12 %", "2.00       ", "2.00 ±9.9 %", "2.00  ±10 %"]


def test_figures_never_read_better_than_they_are(row: Row) -> None:
    made = [with_figures(row, ssim=s, psnr=p) for s, p in ((0.97996, 34.96), (0.99999999, 150.04), (1.0, math.inf))]
    assert cells("ssim", *made) == ["0.9799", "0.9999", "1.0000"]
    assert cells("psnr", *made) == ["34.9", "150.0", "exact"]


def test_figures_that_are_not_there_are_dashes(row: Row) -> None:
    none = dataclasses.replace(row, speed_up=None, unet_call_s=None)
    bare = with_figures(none, ssim=None, psnr=None, proven=[])
    assert [cells(n, bare) for n in ("ssim", "psnr", "speed_up", "proven")] == [[NOT_KNOWN]] * 4
    assert "unet" not in [c.name for c in columns([bare])]
    assert cells("unet", bare, row)[0] == NOT_KNOWN
    broken = with_figures(row, ssim=math.nan, psnr=math.nan)
    assert cells("ssim", broken) == cells("psnr", broken) == ["nan"]


def test_what_differs_is_a_column_and_what_does_not_is_the_title(row: Row) -> None:
    other = dataclasses.replace(row, workload={**row.workload, "size": "512x512", "seeds": "seed 7"})
    assert common_workload([row]) == "synthetic:sd15 · 256x256 · 20 steps · zen5-2c-avx512_bf16"
    assert common_workload([row, other]) == "synthetic:sd15 · 20 steps · zen5-2c-avx512_bf16"
    assert cells("workload", row, other) == ["256x256 · seed 0", "512x512 · seed 7"]
    lacking = dataclasses.replace(row, workload={})
    assert cells("workload", row, lacking)[1] == " · ".join([NOT_KNOWN] * len(row.workload))
    assert common_workload([]) == ""


def test_columns_give_way_in_order_and_two_never_do(report: Report) -> None:
    made = columns(rows(report))
    kept = [[c.name for c in fitting(made, width)] for width in range(200, 0, -1)]
    seen = list(dict.fromkeys(map(tuple, kept)))
    assert seen == [tuple(n for n in NAMES if n not in gone) for gone in (
        (), ("unet",), ("unet", "psnr"), ("unet", "psnr", "peak"), ("unet", "psnr", "peak", "proven"),
        ("unet", "psnr", "peak", "proven", "ssim"), ("unet", "psnr", "peak", "proven", "ssim", "speed_up"),
        ("unet", "psnr", "peak", "proven", "ssim", "speed_up", "latency"),
    )]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 99, 100, 119, 120, 160, 220])
def test_what_is_kept_fits(report: Report, width: int) -> None:
    kept = fitting(columns(rows(report)), width)
    assert sum(c.width(len) for c in kept) + 2 * (len(kept) - 1) <= width


def test_proven_is_shortened_by_whole_items(report: Report) -> None:
    made = columns(rows(report))

    def static(width: int) -> str:
        return next(c for c in fitting(made, width) if c.name == "proven").cells[5]

    assert static(200) == "bf16 98 % · avx512_bf16 · static · no ref kernels"
    assert static(120) == "bf16 98 % · avx512_bf16 · +2"


def test_a_column_that_is_new_gives_way_first(report: Report) -> None:
    made = [*columns(rows(report)), Column("energy", "energy J", ["12"] * 9, right=True)]
    kept = [[c.name for c in fitting(made, width)] for width in range(220, 0, -1)]
    assert next(names for names in kept if len(names) <= len(NAMES)) == NAMES


def test_an_item_longer_than_the_column_is_cut() -> None:
    wide = [
        Column("variant", "variant", ["v"]),
        Column("proven", "proven", ["x" * 90]),
        Column("verdict", "verdict", ["PASSED"]),
    ]
    assert [c.cells[0] for c in fitting(wide, 40)] == ["v", "x" * 21 + "…", "PASSED"]
