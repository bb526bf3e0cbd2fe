import json

import msgspec
import pytest

from pytest_sdperf.judge.latency import judge_latency, latency_text
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.options import Thresholds

LIMITS = Thresholds(max_slowdown=0.05)
JOB = "; the baseline is one job, so drift between jobs is not in these figures"


def judged(head, base, limits=LIMITS):
    return judge_latency(head, base, limits)


def test_surely_slower_is_regressed(measured):
    finding = judged(measured([2.52, 2.525, 2.53]), measured([2.31, 2.315, 2.32]))
    assert finding.part == "latency"
    assert finding.status is Status.REGRESSED
    assert finding.sentence == (
        "2.52 s is 9.1 % slower than the baseline's 2.31 s (limit 5 %; at 95% confidence at least 8.62 % slower, "
        "3+3 processes)" + JOB
    )
    assert finding.figures["ratio"] == pytest.approx(2.525 / 2.315)
    assert finding.figures["limit"] == pytest.approx(1.05)
    assert finding.figures["median_s"] == pytest.approx(2.525)
    assert finding.figures["base_median_s"] == pytest.approx(2.315)
    assert finding.figures["lower"] == pytest.approx(1.0862, abs=1e-4)
    assert finding.figures["upper"] > finding.figures["ratio"]


def test_slower_within_the_noise_is_inconclusive(measured):
    finding = judged(measured([2.3, 2.5, 2.7]), measured([2.2, 2.31, 2.5]))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence.startswith(
        "2.5 s is 8.2 % slower than the baseline's 2.31 s (limit 5 %), but not by more than the noise explains; "
        "3+3 processes see slowdowns above "
    )
    assert finding.sentence.endswith(JOB)


def test_within_the_limit_passes_and_says_what_it_could_have_missed(measured):
    finding = judged(measured([2.33, 2.34, 2.35]), measured([2.31, 2.32, 2.33]))
    assert finding.status is Status.PASSED
    assert finding.sentence == (
        "2.34 s is +0.9 % from the baseline's 2.32 s (limit +5 %); 3+3 processes see slowdowns above 6.32 %" + JOB
    )
    assert finding.figures["detectable"] == pytest.approx(0.0632, abs=1e-4)


def test_surely_faster_says_how_to_accept(measured):
    finding = judged(measured([2.0, 2.01, 2.02]), measured([2.3, 2.31, 2.32]))
    assert finding.status is Status.FASTER
    assert finding.sentence == (
        "2.01 s is 13.0 % faster than the baseline's 2.31 s, at 95% confidence at least 12.2 % (3+3 processes); "
        "accept it as the new baseline with --sdperf-update=all" + JOB
    )


@pytest.mark.parametrize(("head_s", "status"), [(1.051, Status.REGRESSED), (1.049, Status.PASSED)])
def test_both_sides_of_the_limit_without_spread(measured, head_s, status):
    assert judged(measured([head_s] * 3), measured([1.0] * 3)).status is status


@pytest.mark.parametrize(("head_s", "status"), [(1 / 1.051, Status.FASTER), (1 / 1.049, Status.PASSED)])
def test_both_sides_of_faster_without_spread(measured, head_s, status):
    assert judged(measured([head_s] * 3), measured([1.0] * 3)).status is status


def test_one_process_on_each_side_knows_no_spread(measured):
    slower = judged(measured([2.0]), measured([1.0]))
    assert slower.status is Status.INCONCLUSIVE
    assert "how sure that is, is unknown: one process on each side shows no spread" in slower.sentence
    assert slower.figures["lower"] is None
    assert slower.figures["detectable"] is None
    json.loads(msgspec.json.encode(slower))
    assert judged(measured([1.0]), measured([1.0])).status is Status.PASSED
    assert judged(measured([1.0]), measured([2.0])).status is Status.PASSED


def test_one_process_borrows_the_baselines_spread(measured):
    finding = judged(measured([2.0]), measured([1.0, 1.01, 1.02]))
    assert finding.status is Status.REGRESSED
    assert "3+1 processes" in finding.sentence


def test_a_hopeless_spread_stays_json(measured):
    finding = judged(measured([1e-6, 1e6]), measured([1e6, 1e-6]))
    assert finding.figures["detectable"] is None
    assert finding.figures["upper"] is None
    assert "see slowdowns above any size" in finding.sentence
    json.loads(msgspec.json.encode(finding))


def test_no_baseline(measured):
    finding = judged(measured(), None)
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == (
        "1.01 s ±1.0 %, but no baseline is stored for this case and machine; record it with --sdperf-update=new"
    )
    assert latency_text(measured()) == "1.01 s ±1.0 %"


def test_worst_size_decides(measured):
    base = measured([1.0] * 3, more_sizes={"128x128": [4.0] * 3})
    head = measured([0.8] * 3, more_sizes={"128x128": [5.0] * 3})
    finding = judged(head, base)
    assert finding.status is Status.REGRESSED
    assert finding.sentence.startswith("at 128x128: 5 s is 25.0 % slower")
    assert finding.figures["size"] == "128x128"
    assert any(line.startswith("64x64: FASTER: 800 ms is 20.0 % faster") for line in finding.details)


def test_of_two_equally_judged_sizes_the_slower_is_told(measured):
    base = measured([1.0] * 3, more_sizes={"128x128": [4.0] * 3})
    head = measured([1.01] * 3, more_sizes={"128x128": [4.1] * 3})
    assert judged(head, base).figures["size"] == "128x128"
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [4.0] * 3}), base).status is Status.PASSED
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [2.0] * 3}), base).status is Status.FASTER


def test_a_size_that_the_baseline_lacks(measured):
    head = measured([1.0] * 3, more_sizes={"128x128": [5.0] * 3})
    finding = judged(head, measured([1.0] * 3))
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == "at 128x128: the baseline has no 128x128; record it again with --sdperf-update=all"


def test_stages_and_cold_start_are_told(measured):
    base = measured([1.0] * 3, unet_s=0.8, startup_s={"load": 2.0})
    head = measured([1.2] * 3, unet_s=1.0, startup_s={"load": 3.0, "compile": 4.0})
    finding = judged(head, base)
    assert finding.details == [
        "stage: unet 800 ms -> 1 s (+25.0 %), +20.0 % of the picture's time",
        "cold start (not judged): load 2 s -> 3 s (+50.0 %)",
        "cold start (not judged): compile none -> 4 s",
    ]
