"""One run against the recorded ones."""

import math

import msgspec
import numpy as np
import pytest

from pytest_sdperf.judge.stored_latency import judge_stored_latency
from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.run_spread import NOTHING_RECORDED, RunSpread, difference, run_spread
from pytest_sdperf.verdict.latency_findings import worst_size
from pytest_sdperf.verdict.status import Status

LIMITS = Thresholds(max_slowdown=0.05)
KNOWN = RunSpread(squares=1000 * 0.01**2, processes=1000)
"""A machine whose processes spread by 1 %."""


def judged(head, *runs, limits=LIMITS, spread=KNOWN):
    return judge_stored_latency(head, runs, limits, spread)


@pytest.fixture
def run(measured):
    """A run whose processes are all alike."""
    return lambda median_s: measured([median_s] * 3)


def test_significantly_slower_is_regressed(run):
    runs = run(2.31), run(2.32)
    finding = judged(run(2.8), *runs)
    [size] = finding.sizes
    assert (finding.part, finding.status, size.size) == ("latency", Status.REGRESSED, "64x64")
    assert size.base_s == pytest.approx(math.sqrt(2.31 * 2.32))
    assert (size.median_s, size.ratio) == (pytest.approx(2.8), pytest.approx(2.8 / size.base_s))
    diff = difference(run(2.8), runs, "64x64", KNOWN)
    assert (size.lower, size.upper) == (pytest.approx(math.exp(diff.lower)), pytest.approx(math.exp(diff.upper)))
    assert size.detectable == pytest.approx(math.expm1(diff.detectable(math.log1p(0.05), 1)))
    assert (finding.limit, finding.runs, finding.processes, finding.confidence) == (0.05, 2, 3, 0.95)
    assert finding.is_watched


def test_it_says_of_how_many_processes_and_whether_somebody_watched(measured):
    runs = measured([1.0] * 5), measured([1.0] * 4)
    assert judged(measured([1.0] * 2), *runs).processes == 4
    unseen = msgspec.structs.replace(
        runs[0], processes=[msgspec.structs.replace(p, threads=2) for p in runs[0].processes]
    )
    for head, recorded in ((unseen, runs), (measured([1.0] * 2), (unseen,))):
        assert not judged(head, *recorded).is_watched


@pytest.mark.parametrize(
    ("edge", "above", "below"),
    [
        ("least", Status.REGRESSED, Status.INCONCLUSIVE),
        ("most", Status.INCONCLUSIVE, Status.PASSED),
        ("faster", Status.PASSED, Status.FASTER),
    ],
)
def test_both_sides_of_every_limit(run, edge, above, below):
    runs = [run(1.0)] * 4
    room, limit = difference(run(1.0), runs, "64x64", KNOWN).quantile(0.95), math.log1p(0.05)
    edge = {"least": limit + room, "most": limit - room, "faster": -limit - room}[edge]
    for hair, status in ((1e-5, above), (-1e-5, below)):
        assert judged(run(math.exp(edge + hair)), *runs).status is status


def test_the_false_alarm_rate_is_shared_out_over_the_sizes(measured):
    """At equal speed: the 1 % quantile alarms for one size, the 0.5 % quantile for two."""
    tight = Thresholds(max_slowdown=0.0)
    between = math.exp(difference(measured([1.0] * 3), [measured([1.0] * 3)], "64x64", KNOWN).quantile(0.9925))
    one = judged(measured([between] * 3), measured([1.0] * 3), limits=tight)
    more = {"128x128": [1.0] * 3}
    two = judged(measured([between] * 3, more_sizes=more), measured([1.0] * 3, more_sizes=more), limits=tight)
    assert (one.status, two.status) == (Status.REGRESSED, Status.INCONCLUSIVE)


QUIET, BUSY = Disturbance(1.0), Disturbance(1.0, foreign=0.8)


@pytest.mark.parametrize(
    ("seen", "status", "doubt"),
    [
        ([QUIET, QUIET, BUSY], Status.REGRESSED, ""),
        (
            [QUIET, BUSY, BUSY],
            Status.INCONCLUSIVE,
            "2 of 3 processes were disturbed, the last because other processes ",
        ),
        ([BUSY, BUSY, BUSY], Status.INCONCLUSIVE, "3 of 3 processes were disturbed, the last because other processes "),
    ],
)
def test_a_slowdown_of_disturbed_processes_is_no_verdict(measured, run, seen, status, doubt):
    finding = judged(measured([2.8] * 3, seen=seen), run(2.31), run(2.32))
    assert finding.status is status
    assert finding.doubted_because.startswith(doubt)
    assert bool(finding.doubted_because) is bool(doubt)
    busy = "other processes took 80.0 % of the CPUs' time (limit 10 %)"
    assert finding.disturbed == [busy] * seen.count(BUSY)


@pytest.mark.parametrize(
    ("seen", "head_s", "status", "explained"),
    [
        (BUSY, 9.0, Status.INCONCLUSIVE, 10.0),
        (BUSY, 14.0, Status.REGRESSED, 10.0),
        (Disturbance(1.0, foreign=0.8, lost_s=0.0), 1.9, Status.INCONCLUSIVE, 2.0),
        (Disturbance(1.0, foreign=0.8, lost_s=0.0), 2.6, Status.REGRESSED, 2.0),
        (Disturbance(1.0, foreign=0.8, lost_s=0.5), 2.6, Status.INCONCLUSIVE, 4.0),
        (Disturbance(1.0, foreign=0.8, lost_s=5.0), 9.0, Status.INCONCLUSIVE, 10.0),
    ],
)
def test_a_slowdown_beyond_what_the_disturbance_explains_stands(measured, run, seen, head_s, status, explained):
    finding = judged(measured([head_s] * 3, seen=[seen] * 3), run(1.0), run(1.004))
    assert (finding.status, finding.explained) == (status, explained)
    clause = "3 of 3 processes were disturbed, the last because other processes took 80.0 %"
    assert finding.in_spite_of.startswith(clause) is (status is Status.REGRESSED)
    assert finding.doubted_because.startswith(clause) is (status is Status.INCONCLUSIVE)


def test_one_size_may_stand_while_the_other_is_doubted(measured, run):
    base = measured([1.0] * 3, more_sizes={"128x128": [1.0] * 3})
    head = measured([1.5] * 3, more_sizes={"128x128": [20.0] * 3}, seen=[BUSY] * 3)
    finding = judged(head, base, base)
    assert [(one.size, one.status) for one in finding.sizes] == [
        ("64x64", Status.INCONCLUSIVE),
        ("128x128", Status.REGRESSED),
    ]
    assert finding.status is Status.REGRESSED


def test_of_sizes_that_are_all_doubted_or_undecided_the_slowest_decides(measured, run):
    base = measured([2.31] * 3, more_sizes={"128x128": [1.0] * 3})
    head = measured([2.8] * 3, more_sizes={"128x128": [1.045] * 3}, seen=[BUSY] * 3)
    finding = judged(head, base, base)
    assert [(one.size, one.is_doubted) for one in finding.sizes] == [("64x64", True), ("128x128", False)]
    assert (finding.status, worst_size(finding.sizes).size) == (Status.INCONCLUSIVE, "64x64")
    calm = judged(measured([2.8] * 3, more_sizes={"128x128": [1.045] * 3}), base, base)
    assert (calm.status, [one.is_doubted for one in calm.sizes]) == (Status.REGRESSED, [False, False])


def test_what_is_undecided_is_doubted_too_and_what_passes_is_not(measured, run):
    runs = run(2.31), run(2.32)
    undecided = judged(measured([2.45] * 3, seen=[BUSY] * 3), *runs)
    assert (undecided.status, bool(undecided.doubted_because)) == (Status.INCONCLUSIVE, True)
    passed = judged(measured([2.31] * 3, seen=[BUSY] * 3), *runs)
    assert (passed.status, passed.doubted_because) == (Status.PASSED, "")


def test_one_recorded_run_detects_slowdowns_by_a_quarter(run):
    assert judged(run(1.01), run(1.0), spread=NOTHING_RECORDED).status is Status.INCONCLUSIVE
    assert judged(run(1.24), run(1.0), spread=NOTHING_RECORDED).status is Status.INCONCLUSIVE
    assert judged(run(1.2408), run(1.0), spread=NOTHING_RECORDED).status is Status.REGRESSED


@pytest.mark.parametrize("sd", [0.01, 0.03, 0.05])
def test_a_gross_limit_passes_right_after_the_first_recording(measured, sd):
    """The main job allows 50 %: with processes that spread as on a calm machine, a second run is no INCONCLUSIVE."""
    random = np.random.default_rng(5)
    limits = Thresholds(max_slowdown=0.5)
    runs = [[measured(np.exp(random.normal(0, sd, 3))) for _ in range(2)] for _ in range(300)]
    found = [judged(head, base, limits=limits, spread=NOTHING_RECORDED).status for base, head in runs]
    assert found.count(Status.PASSED) >= 297
    assert Status.REGRESSED not in found
    doubled = judged(measured([2.0] * 3), measured([1.0] * 3), limits=limits, spread=NOTHING_RECORDED)
    assert doubled.status is Status.REGRESSED


def test_more_runs_detect_more(run):
    detectable = [
        judged(run(1.0), *runs, spread=run_spread([runs])).sizes[0].detectable
        for runs in ([run(1.0 + 0.01 * (i % 2)) for i in range(count)] for count in (1, 2, 3, 5, 10))
    ]
    assert detectable == sorted(detectable, reverse=True)
    assert detectable[-1] < 0.15


def test_a_hopeless_spread_stays_json(measured):
    finding = judged(measured([1e-6, 1e6]), measured([1e6, 1e-6]))
    assert (finding.sizes[0].detectable, finding.sizes[0].upper) == (None, None)
    assert msgspec.json.decode(msgspec.json.encode(finding), type=type(finding)) == finding


def test_without_a_baseline_nothing_is_compared(measured):
    finding = judged(measured())
    assert (finding.status, finding.sizes, finding.runs) == (Status.NO_BASELINE, [], 0)
    assert (finding.median_s, finding.spread) == (pytest.approx(1.01), pytest.approx(0.0099, abs=1e-4))


def test_runs_of_other_work_are_not_compared(measured):
    finding = judge_stored_latency(measured(), [measured()], LIMITS, KNOWN, other_work="model a, this is b")
    assert (finding.status, finding.sizes) == (Status.INVALID_ENVIRONMENT, [])
    assert finding.other_work == "model a, this is b"


def test_the_worst_size_decides(measured):
    base = measured([1.0] * 3, more_sizes={"128x128": [4.0] * 3})
    finding = judged(measured([0.8] * 3, more_sizes={"128x128": [5.0] * 3}), base)
    assert finding.status is Status.REGRESSED
    assert [(one.size, one.status) for one in finding.sizes] == [
        ("64x64", Status.FASTER),
        ("128x128", Status.REGRESSED),
    ]
    slower = judged(measured([1.01] * 3, more_sizes={"128x128": [4.08] * 3}), base)
    assert worst_size(slower.sizes).size == "128x128"
    many = [base] * 10
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [4.0] * 3}), *many).status is Status.PASSED
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [2.0] * 3}), base).status is Status.FASTER


def test_a_size_that_a_recorded_run_lacks(measured):
    head = measured([1.0] * 3, more_sizes={"128x128": [5.0] * 3})
    for runs in ((measured([1.0] * 3), head), (measured([1.0] * 3),)):
        finding = judged(head, *runs)
        assert (finding.status, finding.missing.what) == (Status.NO_BASELINE, "the baseline has no 128x128")
