"""The terminal's report: a table that fits, reads without colour, and says loudly what was not judged."""

# ruff: noqa: RUF001 - dashes stand in the table where there is no figure

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.report import terminal
from pytest_sdperf.report.columns import GAP, columns, fitting
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.rows import rows
from pytest_sdperf.verdict.latency_findings import SizeSpeedup
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def plain_lines(report: Report, width: int = 120) -> list[str]:
    return terminal.render(report, width=width, colour=False).splitlines()


def test_the_whole_report_at_120(report: Report) -> None:
    node = "tests/perf/test_blog.py::test"
    assert (
        terminal.render(report, width=120, colour=False)
        == f"""\
sdperf: synthetic:sd15 · 256x256 · 20 steps · zen5-2c-avx512_bf16
variant                 latency s  vs fp32  UNet s    SSIM  PSNR dB     peak  proven                        verdict
{"─" * 120}
fp32                  35.5 ±1.5 %    1.00x   1.543       –        –  4.8 GiB  f32 100 %                     PASSED
tuned                 31.1 ±0.6 %    1.14x   1.352  1.0000    exact  4.8 GiB  f32 100 % · jemalloc · +4     PASSED
ipex_bf16             19.9 ±1.8 %    1.78x   0.865  0.9996     51.3  4.8 GiB  bf16 97 % · avx512_bf16 · +6  FASTER
ipex_bf16_dpm        119.0 ±0.2 %    0.30x   5.174  0.9996     50.9  4.8 GiB  not avx512_bf16 · +7          BROKEN
openvino              13.3  ±12 %    2.67x   0.578  0.9998     53.0  6.8 GiB  bf16 98 % · avx512_bf16 · +2  INCONCLUSIVE
openvino_static       12.0 ±0.4 %    2.96x   0.522  0.9998     53.1  6.7 GiB  bf16 98 % · avx512_bf16 · +2  REGRESSED
openvino_f32          19.5 ±0.5 %    1.82x   0.848  0.9999    132.4  8.7 GiB  f32 100 % · dynamic           PASSED
openvino_static_f32   18.9 ±0.5 %    1.88x   0.822  0.9999    132.4  8.7 GiB  f32 100 % · static            NO BASELINE
torch_bf16            23.2 ±0.4 %    1.53x   1.009  0.9995     48.0  4.8 GiB  bf16 96 % · avx512_bf16 · +1  PASSED
INCONCLUSIVE openvino: latency: 13.3 s is 6.0 % slower than the baseline's 12.5 s (limit 5 %), but not by more than the \
noise explains; with 2 recorded runs of 5 processes, slowdowns above 8.31 % are detected; compare side by side with --sdperf-against=REV \
(a git revision), or record more runs with --sdperf-update=all
NOTE baselines/old.json belongs to no case of this session (foreign file)
FAILED ipex_bf16_dpm: proof BROKEN: broken claim kernel_isa(avx512_bf16): lost. [{node}_ipex_bf16_dpm]
FAILED openvino_static: latency REGRESSED: 12 s is 9.1 % slower than the baseline's 11 s (limit 5 %; with 95 % \
confidence at least 6 % slower); with 2 recorded runs of 5 processes, slowdowns above 8.31 % are detected; --sdperf-against=REV (a git \
revision) finds out whether it is the code or the machine. [{node}_openvino_static]
FAILED openvino_static_f32: latency NO BASELINE: 18.9 s ±0.5 %, but there is no baseline for this case and machine \
yet; record it with --sdperf-update=new. [{node}_openvino_static_f32]
"""
    )


@pytest.mark.parametrize("width", [40, 60, 80, 81, 99, 100, 120, 160, 240])
def test_the_table_fits_and_keeps_variant_and_verdict(report: Report, width: int) -> None:
    table = plain_lines(report, width)[:12]
    assert max(map(cell_len, table)) <= width
    assert table[1].startswith("variant")
    assert table[1].endswith("verdict")
    assert table[7].startswith("openvino ")
    assert table[7].endswith(" INCONCLUSIVE")


@pytest.mark.parametrize("width", [80, 120])
def test_colour_adds_escapes_and_no_words(report: Report, width: int) -> None:
    coloured = terminal.render(report, width=width, colour=True)
    assert "\x1b[1;31mREGRESSED" in coloured
    bare = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()]
    assert bare == plain_lines(report, width)


@pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR", "COLUMNS"])
def test_the_environment_does_not_decide(report: Report, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    before = [terminal.render(report, width=90, colour=c) for c in (True, False)]
    monkeypatch.setenv(variable, "50")
    assert [terminal.render(report, width=90, colour=c) for c in (True, False)] == before


def test_sizes_are_rows(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    m = make_measurement("openvino_static", sizes=("256x256", "512x512"))
    lines = plain_lines(Report([make_outcome(m, make_finding("latency"))]))
    assert lines[0] == "sdperf: synthetic:sd15 · 20 steps · zen5-2c-avx512_bf16"
    assert [line.split()[:3] for line in lines[3:5]] == [
        ["openvino_static", "256x256", "35.5"], ["openvino_static", "512x512", "71.0"],
    ]  # fmt: skip


def test_recorded_baselines_are_said_loudly(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    fine = make_finding("latency", Status.NOT_JUDGED)
    outcomes = [make_outcome(make_measurement(v), fine, recorded=True) for v in ("fp32", "tuned")]
    folder = "baselines/zen5-2c-avx512_bf16"
    assert plain_lines(Report(outcomes))[-1] == (
        "RECORDED 2 new baselines: latency and memory were NOT judged for these. Run again to gate. "
        f"{folder}/fp32-sd15-256x256-20steps.json, {folder}/tuned-sd15-256x256-20steps.json"
    )
    one = terminal.render(Report(outcomes[:1]), width=120, colour=True)
    assert "\x1b[1;33mRECORDED 1 new baseline: " in one


PATH = "baselines/zen5-2c-avx512_bf16/fp32-sd15-256x256-20steps.json"


def stored(*measurements: Any) -> Baseline:
    return Baseline([RecordedRun("", m) for m in measurements])


def test_a_replaced_baseline_tells_old_and_new_and_why(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    old, new = make_measurement(medians_s=(10.0,)), make_measurement(medians_s=(11.0,))
    outcome = make_outcome(
        new,
        make_finding("latency", Status.REGRESSED),
        gate=(),
        recorded=True,
        baseline=stored(old, old),
        replaced_because="surely slower than the 2 stored jobs",
    )
    assert plain_lines(Report([outcome]))[-1] == (
        f"REPLACED {PATH}: latency 10 s -> 11 s (+10.0 %); surely slower than the 2 stored jobs, so this run begins a new baseline"
    )


def test_stored_jobs_that_an_update_left_alone_are_named(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    outcome = make_outcome(
        make_measurement(),
        make_finding("latency"),
        baseline=stored(make_measurement()),
        not_recorded_because="2 of 3 processes were disturbed, the last because it rained",
    )
    assert plain_lines(Report([outcome]))[-1] == (
        f"KEPT {PATH} as it is: 2 of 3 processes were disturbed, the last because it rained; record again when nothing "
        "else runs"
    )


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (1, "ADDED run 2 of at most 10 to {}: latency 11 s, recorded 10 s (+10.0 %)"),
        (9, "ADDED run 10 of at most 10 to {}: latency 11 s, recorded 10 s (+10.0 %)"),
        (10, "ADDED run 10 of at most 10 to {}: latency 11 s, recorded 10 s (+10.0 %); the oldest fell off"),
    ],
)
def test_an_added_job_is_counted(
    make_measurement: Make, make_outcome: Make, make_finding: Make, known: int, told: str
) -> None:
    old, new = make_measurement(medians_s=(10.0,)), make_measurement(medians_s=(11.0,))
    fine = make_finding("latency", Status.NOT_JUDGED)
    outcome = make_outcome(new, fine, recorded=True, baseline=stored(*[old] * known))
    assert plain_lines(Report([outcome]))[-1] == told.format(PATH)


def test_side_by_side_a_sibling_is_reported_too(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    m = make_measurement("tuned")
    finding = make_finding("speedup", sizes=[SizeSpeedup("256x256", 1.0, 1.56)])
    sides = (Side(label, m.environment) for label in ("main", "head"))
    line = "PASSED tuned: latency: 1.56x faster than fp32 (limit 1.5x)"
    for comparison, is_reported in ((Comparison(*sides, pairs=[]), True), (None, False)):
        text = terminal.render(
            Report([make_outcome(m, finding, comparison=comparison)]), width=120, colour=False, verbosity=0
        )
        assert (line in text.splitlines()) is is_reported


def test_names_are_text_and_not_markup_escapes_or_endless(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    names = ["[bold]x[/bold]", "\x1b[2Jx", "\u202egnp", "x" * 10_000, "帆船" * 30]
    outcomes = [
        make_outcome(make_measurement(n), make_finding("paired", Status.INVALID_ENVIRONMENT, invalid=n)) for n in names
    ]
    text = terminal.render(Report(outcomes, notes=[names[1] + "[red]"]), width=100, colour=False)
    lines = text.splitlines()
    assert lines[3].startswith("[bold]x[/bold] ")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2Jx[red]" in text
    assert max(map(cell_len, lines[:8])) <= 100
    assert len({cell_len(line[: line.index("INVALID")]) for line in lines[3:8]}) == 1
    assert len(text) < 12_000


HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "openvino_static",
        "帆船" * 30,
        "é" * 50,
        "e\u0301" * 30,
        "👩‍🚀" * 20,
        "⚓️" * 30,
        "\u202egnp",
        "a\tb\nc",
        "ก็" * 30,
        "",
        " ",
    ]
)


# The fixtures are plain functions, the same for every example.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    width=st.integers(80, 240),
    colour=st.booleans(),
    names=st.lists(HOSTILE, min_size=1, max_size=4),
    model=HOSTILE,
    sizes=st.lists(HOSTILE.filter(bool), min_size=1, max_size=2, unique=True),
    seconds=st.lists(st.floats(1e-7, 1e5), min_size=1, max_size=3),
    status=st.sampled_from(Status),
    gate=st.sampled_from([("latency",), ()]),
)
def test_at_any_width_the_table_fits_and_its_columns_stand(
    make_measurement: Make,
    make_outcome: Make,
    make_finding: Make,
    make_proof: Make,
    width: int,
    colour: bool,
    names: list[str],
    model: str,
    sizes: list[str],
    seconds: list[float],
    status: Status,
    gate: Any,
) -> None:
    outcomes = [
        make_outcome(
            make_measurement(name, model=model, sizes=tuple(sizes), medians_s=tuple(seconds)),
            make_finding("latency", status),
            make_proof("kernel_precision(bf16)", *names, bf16=0.97),
            gate=gate,
        )
        for name in names
    ]
    text = terminal.render(Report(outcomes), width=width, colour=colour)
    made = rows(Report(outcomes))
    bare = [line.rstrip(" ") for line in re.sub(r"\x1b\[[\d;]*m", "", text).split("\n")]
    title, heading, rule, *table = bare[: 3 + len(made)]
    assert max(map(cell_len, [title, heading, rule, *table])) <= width
    verdict_at = cell_len(heading) - len("verdict")
    for row, line in zip(made, table, strict=True):
        assert line.endswith(f" {row.verdict}")
        assert cell_len(line) - cell_len(row.verdict) == verdict_at
    # Each line is its cells, each padded to the width of its column: no cell pushes another aside.
    kept = fitting(columns(made), width, cell_len)
    room = [column.width(cell_len) for column in kept]
    if sum(room) + GAP * (len(room) - 1) <= width:
        lines = [[column.heading for column in kept], *zip(*(column.cells for column in kept), strict=True)]
        for line, cells in zip([heading, *table], lines, strict=True):
            padded = [_padded(cell, cells, column.right) for cell, cells, column in zip(cells, room, kept, strict=True)]
            assert line == (" " * GAP).join(padded).rstrip()


def _padded(cell: str, width: int, right: bool) -> str:
    gap = " " * (width - cell_len(cell))
    return gap + cell if right else cell + gap


def test_an_empty_session_says_only_its_notes() -> None:
    assert terminal.render(Report([], notes=["all skipped: amx"]), width=80, colour=False) == (
        "Nothing was measured.\nNOTE all skipped: amx\n"
    )


def test_a_case_that_was_only_measured(make_measurement: Make) -> None:
    m = msgspec.structs.replace(
        make_measurement(workload={}, model=""),
        environment=msgspec.structs.replace(make_measurement().environment, machine_key=""),
    )
    lines = plain_lines(Report([Outcome("test", m, None)]))
    assert lines[0] == "sdperf: 256x256"
    assert lines[3].endswith("measured only")
