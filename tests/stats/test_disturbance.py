"""Which pairs count: both sides of each limit, and never a look at the difference."""

import math

import pytest

from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.stats.disturbance import disturbance, disturbed, explained, judged, reason_to_drop, too_many_dropped


def reason(*, pictures=6, fastest_kernel_ns=0.0, **seen):
    return reason_to_drop(Disturbance(window_s=60.0, **seen), pictures, fastest_kernel_ns)


@pytest.mark.parametrize(
    ("most", "more", "told"),
    [
        ({"steal": 0.05}, {"steal": 0.0521}, "the hypervisor took 5.2 % of the CPUs' time (limit 5 %)"),
        ({"foreign": 0.10}, {"foreign": 0.1049}, "other processes took 10.5 % of the CPUs' time (limit 10 %)"),
        (
            {"throttled": 0.10},
            {"throttled": 0.8},
            "a CPU quota stopped its threads for 80.0 % of the time that it allows (limit 10 %; compute with fewer threads, "
            "OMP_NUM_THREADS, or raise the quota)",
        ),
        ({"switched_cpus": []}, {"switched_cpus": [3]}, "CPU 3 was switched on or off meanwhile"),
        (
            {"restless": 0},
            {"restless": 1},
            "1 picture began while the other process still computed (threads that never rest? OMP_WAIT_POLICY, KMP_BLOCKTIME)",
        ),
        ({"major_faults": 60}, {"major_faults": 66}, "11 pages a picture were read from a disk (limit 10)"),
        (
            {"kernel_ns": 1.25e6, "fastest_kernel_ns": 1e6},
            {"kernel_ns": 1.2651e6, "fastest_kernel_ns": 1e6},
            "the machine computed 1.27x slower than in its fastest pair (limit 1.25x)",
        ),
    ],
)
def test_both_sides_of_every_limit(most, more, told):
    assert reason(**most) == ""
    assert reason(**more) == told


@pytest.mark.parametrize(
    ("lost_s", "factor"), [(None, 10.0), (0.0, 2.0), (30.0, 4.0), (48.0, 10.0), (47.0, 2 * 60 / 13), (61.0, 10.0)]
)
def test_a_disturbance_explains_what_was_waited_and_twice_that_for_what_is_not_counted(lost_s, factor):
    assert explained(Disturbance(window_s=60.0, foreign=0.5, lost_s=lost_s)) == pytest.approx(factor)


@pytest.mark.parametrize(("faults", "factor"), [(0, 2.0), (3000, 4.0), (4800, 10.0), (6000, 10.0), (7000, 10.0)])
def test_a_page_from_a_disk_explains_ten_milliseconds(faults, factor):
    assert explained(Disturbance(window_s=60.0, major_faults=faults, lost_s=0.0)) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"steal": 0.0501}, "the hypervisor took 5.01 % of the CPUs' time (limit 5 %)"),
        ({"foreign": 0.1002}, "other processes took 10.02 % of the CPUs' time (limit 10 %)"),
        ({"major_faults": 61}, "10.2 pages a picture were read from a disk (limit 10)"),
        (
            {"kernel_ns": 1.2501e6, "fastest_kernel_ns": 1e6},
            "the machine computed 1.2501x slower than in its fastest pair (limit 1.25x)",
        ),
    ],
)
def test_a_hair_above_a_limit_does_not_read_like_the_limit(seen, told):
    assert reason(**seen) == told


def test_the_next_number_above_a_limit_is_above():
    assert reason(steal=math.nextafter(0.05, 1))
    assert reason(foreign=math.nextafter(0.10, 1))
    assert reason(kernel_ns=math.nextafter(1.25e6, math.inf), fastest_kernel_ns=1e6)


@pytest.mark.parametrize(
    ("seen", "begins"),
    [
        ({}, "the hypervisor"),
        ({"steal": 0.0}, "other processes"),
        ({"steal": 0.0, "foreign": 0.0}, "2 pictures began"),
        ({"steal": 0.0, "foreign": 0.0, "restless": 0}, "1000 pages"),
        ({"steal": 0.0, "foreign": 0.0, "restless": 0, "major_faults": 0}, "the machine computed 9.00x"),
    ],
)
def test_of_several_reasons_the_first_cause_is_told(seen, begins):
    everything = {
        "steal": 0.9,
        "foreign": 0.9,
        "restless": 2,
        "major_faults": 6000,
        "kernel_ns": 9.0,
        "fastest_kernel_ns": 1.0,
    }
    assert reason(**{**everything, **seen}).startswith(begins)


def test_what_costs_time_but_is_told_by_no_limit():
    assert reason(involuntary_switches=10**6, frequency_mhz=1.0, kernel_ns=1e12) == ""


def test_a_pair_is_held_against_the_fastest_kernel_of_the_earlier_ones(make_pair):
    fast, slow, unknown = (make_pair(kernel_ns=kernel_ns) for kernel_ns in (4e6, 5.1e6, 0.0))
    told = "the machine computed 1.27x slower than in its fastest pair (limit 1.25x)"
    assert judged(slow, []).dropped == ""
    assert judged(slow, [fast]).dropped == judged(slow, [slow, fast, slow]).dropped == told
    assert judged(slow, [unknown]).dropped == ""
    assert judged(unknown, [fast]).dropped == ""
    assert judged(fast, [slow]).dropped == ""


def test_a_dropped_pair_still_tells_how_fast_the_machine_is(make_pair):
    disturbed = make_pair(kernel_ns=4e6, dropped="the hypervisor took 9 %")
    assert judged(make_pair(kernel_ns=5.1e6), [disturbed]).dropped.startswith("the machine computed 1.27x")


def test_pictures_of_both_arms_and_all_sizes_share_the_page_faults(make_pair):
    # 2 arms x 3 rounds x 2 sizes: 12 pictures
    two_sizes = {"rounds": 3, "more_sizes": {"128x128": (4.0, 4.0)}}
    assert judged(make_pair(major_faults=120, **two_sizes), []).dropped == ""
    assert judged(make_pair(major_faults=121, **two_sizes), []).dropped == (
        "10.1 pages a picture were read from a disk (limit 10)"
    )


def test_nothing_but_the_reason_is_changed(make_pair):
    pair = make_pair(1.5, steal=0.5)
    assert judged(pair, []).head is pair.head
    assert judged(pair, []).seen is pair.seen
    assert judged(pair, []).started_first == pair.started_first


def test_the_difference_of_the_arms_is_no_reason(make_pair):
    for head_s in (0.001, 1.0, 1000.0):
        assert judged(make_pair(head_s), [make_pair()]).dropped == ""


@pytest.mark.parametrize(
    ("kept", "dropped", "too_many"),
    [
        (0, 0, False),
        (0, 4, False),
        (0, 5, True),
        (4, 5, True),
        (5, 5, False),
        (5, 6, True),
        (20, 19, False),
        (20, 20, False),
        (20, 21, True),
    ],
)
def test_too_many_are_more_than_are_kept_and_more_than_a_first_decision_takes(make_pair, kept, dropped, too_many):
    assert too_many_dropped([make_pair()] * kept + [make_pair(dropped="busy")] * dropped) is too_many


def test_processes_measured_alone_tell_what_disturbed_them(measured):
    seen = [Disturbance(1.0, foreign=0.10), Disturbance(1.0, foreign=0.5), Disturbance(1.0, major_faults=11)]
    assert disturbed(measured((1.0, 1.0, 1.0), seen=seen)) == [
        "other processes took 50.0 % of the CPUs' time (limit 10 %)",
        "11 pages a picture were read from a disk (limit 10)",
    ]
    assert disturbed(measured()) == []


@pytest.mark.parametrize(
    ("busy", "quiet", "told"),
    [
        (0, 3, ""),
        (1, 2, ""),
        (1, 1, "1 of 2 processes was disturbed, the last because other processes took 50.0 % of the CPUs' time (limit 10 %)"),
        (2, 1, "2 of 3 processes were disturbed, the last because other processes took 50.0 % of the CPUs' time (limit 10 %)"),
    ],
)  # fmt: skip
def test_half_of_the_processes_make_a_measurement_a_disturbed_one(measured, busy, quiet, told):
    seen = [Disturbance(1.0)] * quiet + [Disturbance(1.0, foreign=0.5)] * busy
    assert disturbance(measured([1.0] * len(seen), seen=seen)) == told
    assert disturbance(measured()) == "", "nobody watched"
