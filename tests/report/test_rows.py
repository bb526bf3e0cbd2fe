"""Rows hold the figures of the summary, one for each case and size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.report.model import Outcome, Report
from pytest_sdperf.report.rows import rows, verdict_words
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def test_one_row_for_each_size(make_measurement: Make, make_outcome: Make) -> None:
    m = make_measurement(medians_s=(2.3,), sizes=("64x64", "128x128"))
    first, second = rows(Report([make_outcome(m)]))
    assert (first.workload["size"], first.median_s) == ("64x64", 2.3)
    assert first.unet_call_s == pytest.approx(0.1)
    assert (second.workload["size"], second.median_s) == ("128x128", 4.6)
    assert second.unet_call_s == pytest.approx(0.2)


def test_spread_needs_two_processes_and_a_latency(make_measurement: Make, make_outcome: Make) -> None:
    def spread(*medians_s: float) -> float | None:
        return rows(Report([make_outcome(make_measurement(medians_s=medians_s))]))[0].spread

    assert spread(1.0) is None
    assert spread(0.0, 0.0) is None
    assert spread(1.0, 1.1, 0.9) == pytest.approx(0.1)


def test_a_pipeline_without_a_unet_has_no_call_time(make_measurement: Make, make_outcome: Make) -> None:
    assert rows(Report([make_outcome(make_measurement(unet=False))]))[0].unet_call_s is None


def test_picture_figures_are_the_worst_of_each(
    make_measurement: Make, make_outcome: Make, make_finding: Make, make_score: Make
) -> None:
    def figures(*pictures: Any) -> tuple[float | None, float | None]:
        row = rows(Report([make_outcome(make_measurement(), make_finding("picture", pictures=list(pictures)))]))[0]
        return row.ssim, row.psnr_db

    assert figures(make_score(None, None)) == (None, None)
    assert figures(make_score(1.0, math.inf)) == (1.0, math.inf)
    assert figures(make_score(0.99, 41.5), make_score(1.0, math.inf), make_score(0.98, 44.0)) == (0.98, 41.5)
    assert repr(figures(make_score(math.nan, math.nan))) == "(nan, nan)"


def test_verdict_in_words(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    slow = make_finding("latency", Status.REGRESSED)
    fine = make_finding("latency")
    m = make_measurement()
    assert verdict_words(make_outcome(m, slow)) == "REGRESSED"
    assert verdict_words(make_outcome(m, slow, gate=("picture",))) == "REGRESSED (not gated)"
    assert verdict_words(make_outcome(m, fine)) == "PASSED"
    assert verdict_words(make_outcome(m, fine, recorded=True)) == "PASSED (recorded)"
    assert verdict_words(make_outcome(m, slow, make_finding("proof", Status.BROKEN), gate=("proof",))) == "BROKEN"
    unsure = make_finding("latency", Status.INCONCLUSIVE)
    assert verdict_words(make_outcome(m, unsure)) == "INCONCLUSIVE"
    for gate, words in ((["latency"], "INCONCLUSIVE (fails)"), (["picture"], "INCONCLUSIVE (not gated)")):
        assert verdict_words(Outcome("test", m, Verdict([unsure], gate, inconclusive="fail"))) == words
    broken = Verdict([unsure, make_finding("picture", Status.BROKEN)], ["picture"])
    assert verdict_words(Outcome("test", m, broken)) == "BROKEN"
    assert verdict_words(Outcome("test", m, None)) == "measured only"


def test_verdict_in_words_where_a_control_stands_beside_it(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    m = make_measurement()
    control = make_finding("control", Status.INVALID_ENVIRONMENT)
    assert verdict_words(make_outcome(m, make_finding("latency"), make_finding("control"))) == "PASSED"
    assert verdict_words(make_outcome(m, make_finding("latency"), control)) == "INVALID ENVIRONMENT (not gated)"
    assert verdict_words(make_outcome(m, make_finding("latency", Status.REGRESSED), control)) == "REGRESSED"


def test_a_case_that_was_only_measured_has_a_row(make_measurement: Make) -> None:
    row = rows(Report([Outcome("test", make_measurement(workload={}), None)]))[0]
    assert (row.status, row.ssim, row.proven, row.speed_up) == (None, None, [], None)
    assert row.workload == {"model": "synthetic:sd15", "size": "256x256", "machine": "zen5-2c-avx512_bf16"}
