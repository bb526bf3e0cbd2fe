"""What the finding of memory says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.report.memory_text import memory_sentence
from pytest_sdperf.verdict.status import Missing, Status

Make = Callable[..., Any]
GIB = 2**30


@pytest.mark.parametrize(
    ("peak", "change"),
    [(1_100_000_000, "+10.0 %"), (1_100_100_000, "+10.01 %"), (1_200_000_000, "+20.0 %"), (900_000_000, "-10.0 %")],
)
def test_growth_beside_its_limit(make_finding: Make, peak: int, change: str) -> None:
    finding = make_finding("memory", peak_bytes=peak, base_bytes=1_000_000_000, max_growth=0.10000001)
    assert memory_sentence(finding).endswith(f" GiB, {change} against the baseline's 954 MiB (limit +10.0 %)") or (
        memory_sentence(finding).endswith(f" MiB, {change} against the baseline's 954 MiB (limit +10.0 %)")
    )


def test_growth_over_the_base(make_finding: Make) -> None:
    assert memory_sentence(make_finding("memory", base="main (1a2b3c4d5e)")) == (
        "peak 4.0 GiB, +0.0 % against main (1a2b3c4d5e)'s 4.0 GiB (limit +10.0 %)"
    )


@pytest.mark.parametrize(("more", "shown"), [(0, "4.0 GiB"), (1, "4.0 GiB (4294967297 bytes)")])
def test_both_sides_of_the_absolute_limit(make_finding: Make, more: int, shown: str) -> None:
    finding = make_finding("memory", peak_bytes=4 * GIB + more, max_bytes=4 * GIB)
    assert memory_sentence(finding) == (
        f"peak {shown}, +0.0 % against the baseline's 4.0 GiB (limit +10.0 %), absolute limit 4.0 GiB"
    )


def test_the_absolute_limit_needs_no_baseline(make_finding: Make) -> None:
    finding = make_finding("memory", Status.BROKEN, peak_bytes=5 * GIB, max_bytes=4 * GIB, base_bytes=None, base="")
    assert memory_sentence(finding) == "peak 5.0 GiB (absolute limit 4.0 GiB)"


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("fail", ", but no run is recorded; record it with --sdperf-update=new"),
        ("record", ", to be recorded as the baseline if no part fails"),
        ("skip", ", not judged: no run is recorded, and --sdperf-missing=skip"),
    ],
)
@pytest.mark.parametrize("limit", [None, 6 * GIB])
def test_growth_needs_a_baseline(make_finding: Make, then: str, told: str, limit: int | None) -> None:
    missing = Missing("no run is recorded", then)
    assert memory_sentence(make_finding("memory", Status.NO_BASELINE, max_bytes=limit, missing=missing)) == (
        f"peak 4.0 GiB{told}"
    )


def test_what_must_not_be_compared(make_finding: Make) -> None:
    unmeasured = make_finding("memory", Status.INVALID_ENVIRONMENT)
    assert memory_sentence(unmeasured) == "the base was not measured, so growth is not judged"
    other = make_finding(
        "memory", Status.INVALID_ENVIRONMENT, is_base_unmeasured=False, other_work="model a, this is b"
    )
    assert memory_sentence(other) == (
        "the baseline was measured with model a, this is b; compare with a revision side by side by "
        "--sdperf-against=REV, or record it again with --sdperf-update=all"
    )


@pytest.mark.parametrize(("limit", "within"), [(None, ""), (6 * GIB, ", absolute limit 6.0 GiB")])
def test_of_an_identical_program(make_finding: Make, limit: int | None, within: str) -> None:
    finding = make_finding("memory", base="", base_bytes=None, identical_to="main (1a2b3c4d5e)", max_bytes=limit)
    assert memory_sentence(finding) == f"peak 4.0 GiB, identical program as main (1a2b3c4d5e){within}"
