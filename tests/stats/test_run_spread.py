import math

import msgspec
import numpy as np
import pytest

from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.stats.intervals import FALSE_ALARM
from pytest_sdperf.stats.regime import UNKNOWN, Usual
from pytest_sdperf.stats.run_spread import (
    JOB_DEGREES,
    JOB_SD,
    JOB_SHARE,
    NOTHING_RECORDED,
    PROCESS_DEGREES,
    PROCESS_SD,
    UNWATCHED_SD,
    VARIANT_DEGREES,
    RunSpread,
    compared,
    difference,
    is_watched,
    run_spread,
)

SIZE = "64x64"
LIMIT = math.log1p(0.05)
OF_THREE = 1.346 / 3
"""Variance of the median of three, as a share of one's."""


@pytest.fixture
def even(measured):
    """One run for each median, its three processes all alike."""
    return lambda *medians_s: [measured([m] * 3) for m in medians_s]


def unwatched(run):
    """The same run on two CPUs, with nothing said of the way between them."""
    processes = [msgspec.structs.replace(process, threads=2, cpus=[0, 1]) for process in run.processes]
    return msgspec.structs.replace(run, processes=processes)


def test_nothing_recorded_is_what_is_assumed():
    assert run_spread([]) == NOTHING_RECORDED
    assert NOTHING_RECORDED.variance == pytest.approx(PROCESS_SD**2)


def test_processes_of_all_variants_are_pooled_by_hand(measured):
    # logs -.1, 0, .1 and 0, .2 and 7: squares .02 + .02, 2 + 1 degrees
    runs = [measured(np.exp(logs)) for logs in ([-0.1, 0.0, 0.1], [5.0, 5.2], [7.0])]
    for spread in (run_spread([runs]), run_spread([[run] for run in runs])):
        assert spread.squares == pytest.approx(0.04)
        assert spread.processes == 3
        assert spread.variance == pytest.approx((PROCESS_DEGREES * PROCESS_SD**2 + 0.04) / (PROCESS_DEGREES + 3))


def test_how_far_runs_are_apart_is_no_spread_of_processes(even):
    assert run_spread([even(1.0, 9.0)]).squares == pytest.approx(0.0, abs=1e-12)


def test_sizes_of_one_run_count_once(measured):
    logs = np.array([0.0, 0.2])
    spread = run_spread([[measured(np.exp(logs), more_sizes={"128x128": np.exp(2 * logs)})]])
    # .02 at the one size, .08 at the other
    assert spread.squares == pytest.approx(0.05)
    assert spread.processes == 1


@pytest.mark.parametrize("count", [1, 2, 10])
def test_the_difference_by_hand(even, count):
    """Alike processes: the variant's variance is the machine's 0.01, as two degrees of two, two a run and the head's."""
    known = RunSpread(squares=1e9 * 0.01, processes=10**9)
    diff = difference(even(1.2)[0], even(*[1.0] * count), SIZE, known)
    degrees = VARIANT_DEGREES + 2 + 2 * count
    foreseen = 0.01 * VARIANT_DEGREES / degrees * (OF_THREE + JOB_SHARE) + JOB_SD**2
    prior = 1 / (1 / JOB_DEGREES + 1 / degrees)
    # Runs that are all alike: the more there are, the less is left of what was foreseen.
    scale = prior / (prior + count - 1)
    assert diff.log_ratio == pytest.approx(math.log(1.2))
    assert diff.degrees == pytest.approx(prior + count - 1)
    assert diff.standard_error == pytest.approx(math.sqrt(scale * foreseen * (1 + 1 / count)), rel=1e-5)


def test_runs_that_are_far_apart_take_over(even, measured):
    apart = np.exp([-0.3, 0.0, 0.3])
    few, many = (difference(even(1.0)[0], even(*list(apart) * n), SIZE, NOTHING_RECORDED) for n in (1, 3))
    assert few.standard_error > 3 * difference(even(1.0)[0], even(1.0, 1.0, 1.0), SIZE, NOTHING_RECORDED).standard_error
    # nine runs with a variance of .0675: a tenth more for their own mean
    assert many.standard_error == pytest.approx(math.sqrt(0.0675 * 10 / 9), rel=0.35)


def test_only_the_variants_own_runs_tell_how_far_its_runs_differ(even):
    calm = difference(even(1.0)[0], even(1.0), SIZE, run_spread([even(1.0, 2.0, 3.0)]))
    assert calm.standard_error < difference(even(1.0)[0], even(1.0), SIZE, NOTHING_RECORDED).standard_error


def test_the_head_is_held_against_the_mean_of_the_logs(even):
    diff = difference(even(4.0)[0], even(1.0, 4.0), SIZE, NOTHING_RECORDED)
    assert diff.log_ratio == pytest.approx(math.log(2))


def test_an_uneven_head_is_trusted_no_more_than_its_processes_allow(measured, even):
    base = [measured([1.0, 1.001] * 50)]
    uneven = compared(measured(np.exp([-0.3, 0.0, 0.3])), base, SIZE, RunSpread(processes=10**6))
    assert uneven.own_variance == pytest.approx(0.09 * OF_THREE)
    assert uneven.difference().standard_error ** 2 == pytest.approx(
        0.09 * OF_THREE + uneven.scale * uneven.recorded_variance, rel=1e-6
    )


def test_one_process_shows_none(measured, even):
    assert compared(measured([1.0]), even(1.0), SIZE, NOTHING_RECORDED).own_variance == 0.0
    alone = difference(measured([1.0]), [measured([1.0])], SIZE, NOTHING_RECORDED)
    assert alone.standard_error == pytest.approx(math.sqrt(2 * (0.06**2 * (1 + JOB_SHARE) + JOB_SD**2)))


def test_more_processes_of_the_head_make_it_surer(measured):
    found = compared(measured([1.0, 1.1]), [measured([1.0, 1.05, 1.1])], SIZE, NOTHING_RECORDED)
    errors = [found.difference(count).standard_error for count in (2, 3, 4, 6)]
    assert errors == sorted(errors, reverse=True)
    assert found.difference() == found.difference(2)
    assert found.still_to_move(2) == 0.0
    assert found.still_to_move(6) == pytest.approx(math.sqrt(found.process_variance * (0.5 - 1.288 / 6)))


def test_watched_are_single_threads_single_cpus_and_pictures_with_a_way(measured):
    run = measured([1.0, 1.0])
    assert is_watched(run, UNKNOWN)
    assert not is_watched(unwatched(run), UNKNOWN)
    first, second = unwatched(run).processes
    one_cpu = msgspec.structs.replace(first, cpus=[1])
    seen = msgspec.structs.replace(second, images={SIZE: [ImageTiming(10**9, round_trip_ns=[150, 160])]})
    for processes, watched in (([one_cpu, seen], True), ([one_cpu, second], False)):
        assert is_watched(msgspec.structs.replace(run, processes=processes), UNKNOWN) is watched


def readings(run, *round_trips_ns):
    """The run on two CPUs; each reading was taken around one of its pictures, the same in every process."""
    images = {SIZE: [ImageTiming(10**9, round_trip_ns=[ns, ns]) for ns in round_trips_ns]}
    return msgspec.structs.replace(
        run, processes=[msgspec.structs.replace(process, images=images) for process in unwatched(run).processes]
    )


def test_three_pictures_of_four_must_be_of_the_usual_regime(measured):
    run = measured([1.0, 1.0])
    level = Usual(160.0)
    assert is_watched(readings(run, 160, 150, 200, 400), level)
    assert not is_watched(readings(run, 160, 150, 400), level)
    assert is_watched(readings(run, 160, 150, 400), UNKNOWN)


def test_the_usual_regime_is_that_of_all_recorded_runs(measured):
    run = measured([1.0] * 5)
    runs = [readings(run, 160, 150, 170), readings(run, 155, 150, 390)]
    assert run_spread([[run]]).usual == UNKNOWN
    assert run_spread([[one] for one in runs]).usual == run_spread([runs]).usual == Usual(157.5)
    far, near = readings(run, 400, 400, 400), readings(run, 160, 160, 160)
    spread = run_spread([runs])
    errors = [difference(one, runs[:1], SIZE, spread).standard_error for one in (near, far)]
    assert errors[1] ** 2 - errors[0] ** 2 == pytest.approx(UNWATCHED_SD**2)


def test_what_nobody_watched_is_never_learned(even):
    head, runs = even(1.0)[0], even(*[1.0] * 10)
    for one, others, variance in (
        (unwatched(head), runs, UNWATCHED_SD**2),
        (head, [unwatched(runs[0]), *runs[1:]], UNWATCHED_SD**2 / 100),
        (unwatched(head), list(map(unwatched, runs)), UNWATCHED_SD**2 * 1.1),
    ):
        watched, diff = (difference(*sides, SIZE, NOTHING_RECORDED) for sides in ((head, runs), (one, others)))
        assert diff.standard_error**2 - watched.standard_error**2 == pytest.approx(variance)
        share = (diff.standard_error / watched.standard_error) ** 4
        assert diff.degrees == pytest.approx(watched.degrees * share)


def test_a_watch_that_is_not_enough_counts_as_none(even):
    head, runs = even(1.0)[0], even(*[1.0] * 10)
    spread = RunSpread(is_watch_enough=False)
    found = [
        difference(*sides, SIZE, spread)
        for sides in ((head, runs), (unwatched(head), [unwatched(run) for run in runs]))
    ]
    assert found[0] == found[1] == difference(unwatched(head), [*map(unwatched, runs)], SIZE, NOTHING_RECORDED)


def alarms(measured, process_sd, job_sd, runs, heads=400):
    """Share of heads at equal speed that are called slower than 5 %."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(heads):
        levels = random.normal(0, job_sd, runs + 1)
        made = [measured(np.exp(random.normal(level, process_sd, 5))) for level in levels]
        diff = difference(made[0], made[1:], SIZE, run_spread([made[1:]]))
        found.append(diff.significantly_above(LIMIT, 1))
    return np.mean(found)


@pytest.mark.parametrize("runs", [1, 3, 10])
@pytest.mark.parametrize(("process_sd", "job_sd"), [(0.01, 0.02), (0.025, 0.02), (0.1, 0.06)])
def test_false_alarms_at_equal_speed(measured, runs, process_sd, job_sd):
    # benchmarks/stored_power.py has more heads, and machines of every kind
    assert alarms(measured, process_sd, job_sd, runs) <= FALSE_ALARM


@pytest.mark.parametrize("scale", [0.01, 60.0])
def test_the_unit_of_time_does_not_matter(measured, scale):
    one, other = (
        difference(measured([1.3 * k, 1.5 * k]), [measured([b * k]) for b in (1.0, 1.1)], SIZE, NOTHING_RECORDED)
        for k in (1.0, scale)
    )
    assert other.log_ratio == pytest.approx(one.log_ratio)
    assert other.standard_error == pytest.approx(one.standard_error)
