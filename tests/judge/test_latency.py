import json
import math

import msgspec
import numpy as np
import pytest

from pytest_sdperf.judge.latency import ADVICE, judge_latency, latency_text
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.job_spread import NOTHING_REPEATED, JobSpread, job_spread

LIMITS = Thresholds(max_slowdown=0.05)
KNOWN = JobSpread(squares=40 * 0.01**2 - 2 * 0.06**2, repeats=38)
"""A machine whose jobs spread by 1 %, as 40 degrees of freedom tell (the prior's two among them)."""
SIZE = "64x64"


def judged(head, *jobs, limits=LIMITS, spread=KNOWN):
    return judge_latency(head, jobs, limits, spread)


@pytest.fixture
def job(measured):
    """A job whose processes are all alike."""
    return lambda median_s: measured([median_s] * 3)


def test_surely_slower_is_regressed(job):
    finding = judged(job(2.525), job(2.31), job(2.32))
    assert finding.part == "latency"
    assert finding.status is Status.REGRESSED
    assert finding.sentence == (
        "2.52 s is 9.1 % slower than the baseline's 2.31 s (limit 5 %; at 95% confidence at least 6.85 % slower); "
        "with 2 stored jobs slowdowns above 8.31 % are seen; whether it is the code or the machine, "
        "--sdperf-against=REV (a git revision) tells"
    )
    assert finding.figures["ratio"] == pytest.approx(2.525 / math.sqrt(2.31 * 2.32))
    assert finding.figures["limit"] == pytest.approx(1.05)
    assert finding.figures["median_s"] == pytest.approx(2.525)
    assert finding.figures["base_median_s"] == pytest.approx(math.sqrt(2.31 * 2.32))
    assert finding.figures["lower"] == pytest.approx(1.0685, abs=1e-4)
    assert finding.figures["upper"] > finding.figures["ratio"]
    assert finding.figures["stored_jobs"] == 2.0
    assert finding.figures["repeated_jobs"] == 38.0


QUIET, BUSY = Disturbance(1.0), Disturbance(1.0, foreign=0.8)


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    [
        ([QUIET, QUIET, BUSY], Status.REGRESSED, "slowdowns above 8.31 % are seen"),
        ([QUIET, BUSY, BUSY], Status.INCONCLUSIVE, "; but 2 of 3 processes were disturbed, the last because other processes "),
        ([BUSY, BUSY, BUSY], Status.INCONCLUSIVE, "; but 3 of 3 processes were disturbed, the last because other processes "),
    ],
)  # fmt: skip
def test_a_slowdown_of_disturbed_processes_is_no_verdict(measured, job, seen, status, told):
    finding = judged(measured([2.525] * 3, seen=seen), job(2.31), job(2.32))
    assert finding.status is status
    assert finding.sentence.startswith("2.52 s is 9.1 % slower than the baseline's 2.31 s (limit 5 %;")
    assert told in finding.sentence
    busy = "a process was disturbed: other processes took 80.0 % of the CPUs' time (limit 10 %)"
    assert [line for line in finding.details if line == busy] == [busy] * seen.count(BUSY)


def test_what_is_to_do_about_a_busy_machine_is_told(measured, job):
    finding = judged(measured([2.525], seen=[BUSY]), job(2.31), job(2.32))
    assert finding.sentence.endswith(
        "; whether it is the code or the machine, --sdperf-against=REV (a git revision) tells; but 1 of 1 process was "
        "disturbed, the last because other processes took 80.0 % of the CPUs' time (limit 10 %)"
    )


def test_what_is_undecided_tells_it_too(measured, job):
    finding = judged(measured([2.45] * 3, seen=[BUSY] * 3), job(2.31), job(2.32))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence.endswith(
        "or record more jobs with --sdperf-update=all; 3 of 3 processes were disturbed, the last because "
        "other processes took 80.0 % of the CPUs' time (limit 10 %)"
    )


def test_a_disturbed_run_that_is_as_fast_passes(measured, job):
    assert judged(measured([2.31] * 3, seen=[BUSY] * 3), job(2.31), job(2.32)).status is Status.PASSED


def test_slower_within_the_noise_is_inconclusive(job):
    finding = judged(job(2.45), job(2.31), job(2.32))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "2.45 s is 5.8 % slower than the baseline's 2.31 s (limit 5 %), but not by more than the noise explains; "
        "with 2 stored jobs slowdowns above 8.31 % are seen; compare side by side with --sdperf-against=REV "
        "(a git revision), or record more jobs with --sdperf-update=all"
    )


def test_within_the_limit_but_not_surely_is_inconclusive_too(job):
    finding = judged(job(2.40), job(2.31), job(2.32))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "2.4 s is +3.7 % from the baseline's 2.31 s, but the noise hides slowdowns up to 5.83 % (limit +5 %); "
        f"with 2 stored jobs slowdowns above 8.31 % are seen; {ADVICE}"
    )


def test_surely_within_the_limit_passes_and_says_what_it_could_have_missed(job):
    finding = judged(job(2.33), job(2.31), job(2.32))
    assert finding.status is Status.PASSED
    assert finding.sentence == (
        "2.33 s is +0.6 % from the baseline's 2.31 s (limit +5 %; at 95% confidence less than 2.75 % slower); "
        "with 2 stored jobs slowdowns above 8.31 % are seen"
    )
    assert finding.figures["detectable"] == pytest.approx(0.0831, abs=1e-4)


def test_surely_faster_says_how_to_accept(job):
    finding = judged(job(2.01), job(2.31), job(2.32))
    assert finding.status is Status.FASTER
    assert finding.sentence == (
        "2.01 s is 13.2 % faster than the baseline's 2.31 s, at 95% confidence at least 11.4 %; with 2 stored jobs "
        "slowdowns above 8.31 % are seen; accept it as the new baseline with --sdperf-update=all"
    )


@pytest.mark.parametrize(
    ("edge", "above", "below"),
    [
        ("least", Status.REGRESSED, Status.INCONCLUSIVE),
        ("most", Status.INCONCLUSIVE, Status.PASSED),
        ("faster", Status.PASSED, Status.FASTER),
    ],
)
def test_both_sides_of_every_limit(job, edge, above, below):
    # t(.95, 40) = 1.68385 and one stored job: standard error .01 x sqrt(2)
    room, limit = 1.68385 * 0.01 * math.sqrt(2), math.log1p(0.05)
    edge = {"least": limit + room, "most": limit - room, "faster": -limit - room}[edge]
    for hair, status in ((1e-5, above), (-1e-5, below)):
        assert judged(job(math.exp(edge + hair)), job(1.0)).status is status


@pytest.mark.parametrize(
    ("jobs", "repeats", "told"),
    [
        (1, 0, "with 1 stored job slowdowns above {} are seen (weak: no repeated job shows yet how far jobs differ here)"),
        (2, 1, "with 2 stored jobs slowdowns above {} are seen (weak: only 1 repeated job shows how far jobs differ here)"),
        (3, 9, "with 3 stored jobs slowdowns above {} are seen (weak: only 9 repeated jobs show how far jobs differ here)"),
        (3, 10, "with 3 stored jobs slowdowns above {} are seen"),
    ],
)  # fmt: skip
def test_how_small_a_slowdown_is_seen_and_how_weakly_that_is_founded(job, jobs, repeats, told):
    finding = judged(job(1.0), *[job(1.0)] * jobs, spread=JobSpread(0.0, repeats))
    seen = finding.figures["detectable"] * 100
    assert f"; {told.format(f'{seen:.3g} %')}" in finding.sentence
    assert finding.sentence.count("weak") == (repeats < 10)


def test_one_stored_job_sees_only_gross_slowdowns(job):
    finding = judged(job(1.01), job(1.0), spread=NOTHING_REPEATED)
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "1.01 s is +1.0 % from the baseline's 1 s, but the noise hides slowdowns up to 29.4 % (limit +5 %); with 1 "
        "stored job slowdowns above 97.6 % are seen (weak: no repeated job shows yet how far jobs differ here); "
        f"{ADVICE}"
    )
    assert judged(job(1.8), job(1.0), spread=NOTHING_REPEATED).status is Status.INCONCLUSIVE
    assert judged(job(1.81), job(1.0), spread=NOTHING_REPEATED).status is Status.REGRESSED


@pytest.mark.parametrize("sd", [0.01, 0.03, 0.05])
def test_a_gross_limit_passes_right_after_the_first_recording(measured, sd):
    """The main job allows 50 %: with processes that spread as on a calm machine, a second run is no INCONCLUSIVE."""
    random = np.random.default_rng(5)
    limits = Thresholds(max_slowdown=0.5)
    runs = [[measured(np.exp(random.normal(0, sd, 3))) for _ in range(2)] for _ in range(300)]
    found = [judged(head, base, limits=limits, spread=NOTHING_REPEATED).status for base, head in runs]
    assert found.count(Status.PASSED) >= 297
    assert Status.REGRESSED not in found
    doubled = judged(measured([2.0] * 3), measured([1.0] * 3), limits=limits, spread=NOTHING_REPEATED)
    assert doubled.status is Status.REGRESSED


def test_more_jobs_see_more(job):
    seen = [
        judged(job(1.0), *jobs, spread=job_spread([jobs])).figures["detectable"]
        for jobs in ([job(1.0 + 0.01 * (i % 2)) for i in range(count)] for count in (1, 2, 3, 5, 10))
    ]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 0.15


def test_a_hopeless_spread_stays_json(measured):
    finding = judged(measured([1e-6, 1e6]), measured([1e6, 1e-6]))
    assert finding.figures["detectable"] is None
    assert finding.figures["upper"] is None
    assert "slowdowns above any size are seen" in finding.sentence
    assert "the noise hides slowdowns up to any size" in finding.sentence
    json.loads(msgspec.json.encode(finding))


def test_no_baseline(measured):
    finding = judged(measured())
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
    head = measured([1.01] * 3, more_sizes={"128x128": [4.08] * 3})
    assert judged(head, base).figures["size"] == "128x128"
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [4.0] * 3}), base).status is Status.PASSED
    assert judged(measured([0.5] * 3, more_sizes={"128x128": [2.0] * 3}), base).status is Status.FASTER


def test_a_size_that_a_stored_job_lacks(measured):
    head = measured([1.0] * 3, more_sizes={"128x128": [5.0] * 3})
    finding = judged(head, measured([1.0] * 3), head)
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == "at 128x128: the baseline has no 128x128; record it again with --sdperf-update=all"
    assert judged(head, measured([1.0] * 3)).status is Status.NO_BASELINE


def test_stages_and_cold_start_are_told_against_the_newest(measured):
    old = measured([1.0] * 3, unet_s=0.1, startup_s={"load": 9.0})
    base = measured([1.0] * 3, unet_s=0.8, startup_s={"load": 2.0})
    head = measured([1.2] * 3, unet_s=1.0, startup_s={"load": 3.0, "compile": 4.0})
    assert judged(head, old, base).details == [
        "stage: unet 800 ms -> 1 s (+25.0 %), +20.0 % of the picture's time",
        "cold start (not judged): load 2 s -> 3 s (+50.0 %)",
        "cold start (not judged): compile none -> 4 s",
    ]
