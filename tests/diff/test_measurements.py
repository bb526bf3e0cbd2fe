import math
import random

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.diff.measurements import changes, latency_change, stored_changes
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, KernelTime, Measurement, ProcessRun


def measure(medians_s=(1.0, 1.1, 1.2), *, sizes=("64x64",), own=False, **fields):
    runs = [
        ProcessRun(
            images={size: [ImageTiming(round(s * 1e9), {"unet": [round(s * 5e8)]})] for size in sizes},
            warmup_ns={},
            startup_ns={"import": 1_000_000_000},
            peak_rss_bytes=1000,
            library_rss_bytes=400 if own else None,
        )
        for s in medians_s
    ]
    given = {
        "case_id": "ours-x",
        "variant": "ours",
        "model": "bundled",
        "model_digest": "ab",
        "scheduler": "PNDM",
        "workload": {"seeds": [0]},
        "evidence": Evidence(),
        "environment": Environment(machine_key="zen4"),
    }
    return Measurement(processes=runs, **{**given, **fields})


def test_equal_measurements_differ_in_nothing():
    found = changes(measure(), measure())
    assert (found.case_id, found.not_comparable) == ("ours-x", "")
    assert [one.ratio for one in found.latencies] == [1.0]
    assert (found.stages, found.kernels, found.environment) == ([], [], [])
    assert found.memory_bytes == (1000, 1000)


def test_what_moved():
    after = measure(
        (2.0, 2.2, 2.4),
        evidence=Evidence(kernels=[KernelTime("convolution", "ref:any", "f32", 1, 1.0)]),
        environment=Environment(machine_key="zen4", packages={"torch": "2.9"}),
    )
    before = measure(evidence=Evidence(kernels=[KernelTime("convolution", "brg:avx512", "f32", 1, 1.0)]))
    found = changes(before, after)
    assert found.latencies[0].ratio == pytest.approx(2.0)
    assert found.stages[0].startswith("unet 550 ms -> 1.1 s (+100.0 %)")
    assert found.kernels[0] == "appeared: convolution ref:any f32, 100.0 % of kernel time"
    assert found.environment == ["torch not installed -> 2.9"]
    assert found.cold_start == ["import 1 s -> 1 s (+0.0 %)"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"environment": Environment(machine_key="spr")}, "measured on zen4, this on spr"),
        ({"model_digest": "cd"}, "measured with model ab, this is cd"),
        ({"scheduler": "DPM"}, "measured with scheduler PNDM, this is DPM"),
        ({"workload": {"seeds": [1]}}, "measured with another workload (seeds)"),
        ({"sizes": ("96x96",)}, "other sizes (64x64 and 96x96)"),
    ],
)
def test_other_work_is_not_compared(fields, why):
    found = changes(measure(), measure((9.0,), **fields))
    assert found.not_comparable == why
    assert (found.latencies, found.memory_bytes, found.stages, found.cold_start) == ([], None, [], [])


def test_memory_is_counted_alike_on_both_sides():
    assert changes(measure(own=True), measure(own=True)).memory_bytes == (600, 600)
    assert changes(measure(), measure(own=True)).memory_bytes == (1000, 1000)


def test_two_cases_are_named_both():
    assert changes(measure(), measure(case_id="theirs")).case_id == "ours-x -> theirs"


def test_a_single_process_shows_no_spread():
    assert latency_change("64x64", [1.0], [1.0, 1.1]).bounds is None
    assert latency_change("64x64", [1.0, 1.1], [1.0]).bounds is None
    assert latency_change("64x64", [1.0, 1.0], [1.0, 1.0]).bounds is None


def test_welch_worked_by_hand():
    # log values 0 and 0.02 on one side, 0.1 and 0.14 on the other: variances of the means 0.0001 and 0.0004
    found = latency_change("64x64", [1.0, math.exp(0.02)], [math.exp(0.1), math.exp(0.14)])
    degrees = int(0.0005**2 / (0.0001**2 + 0.0004**2))
    assert degrees == 1
    half = 6.3138 * math.sqrt(0.0005)  # Student's t at 95 %, one degree
    middle = math.log(found.ratio)
    assert [math.log(bound) for bound in found.bounds] == pytest.approx([middle - half, middle + half], rel=1e-3)


def test_the_bounds_hold_the_truth_about_as_often_as_they_say():
    """Each end is 95 %: both together hold at least nine times in ten (Welch with few degrees is on the wide side)."""
    draw = random.Random(1)
    held = 0
    for _ in range(500):
        base = [math.exp(draw.gauss(0, 0.05)) for _ in range(3)]
        head = [math.exp(draw.gauss(0.1, 0.05)) for _ in range(3)]
        low, high = latency_change("x", base, head).bounds
        held += low <= math.exp(0.1) <= high
    assert held / 500 >= 0.9


def test_stored_jobs_are_compared_by_jobs_where_there_are_several():
    one = Baseline([RecordedRun("", measure((1.0,)))])
    several = Baseline([RecordedRun("", measure((s,))) for s in (2.0, 2.2, 2.4)])
    found = stored_changes(one, several)
    assert found.latencies[0].ratio == pytest.approx(2.2)
    assert found.latencies[0].bounds is None
    assert stored_changes(several, several).latencies[0].bounds is not None
    by_processes = Baseline([RecordedRun("", measure())])
    assert stored_changes(by_processes, by_processes).latencies[0].bounds is not None


def test_only_sizes_that_all_jobs_drew_are_compared():
    both = measure(sizes=("64x64", "96x96"))
    found = stored_changes(
        Baseline([RecordedRun("", both), RecordedRun("", msgspec.structs.replace(both))]),
        Baseline([RecordedRun("", measure())]),
    )
    assert [one.size for one in found.latencies] == ["64x64"]
