import pytest

from pytest_sdperf.judge.speedup import judge_order
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import Disturbance


@pytest.mark.parametrize(
    ("head_s", "status", "sentence"),
    [
        (1.0, Status.PASSED, "1.50x faster than fp32 (limit 1.5x)"),
        (1.5 / 1.21, Status.REGRESSED, "1.21x faster than fp32 (limit 1.5x)"),
        (1.001, Status.REGRESSED, "1.499x faster than fp32 (limit 1.5x)"),
        (2.0, Status.REGRESSED, "0.75x as fast as fp32 (limit 1.5x)"),
    ],
)
def test_both_sides_of_the_factor(measured, head_s, status, sentence):
    finding = judge_order(measured([head_s]), measured([1.5]), ("fp32", 1.5))
    assert finding.part == "latency"
    assert finding.status is status
    assert finding.sentence == sentence
    assert finding.figures["than"] == "fp32"
    assert finding.figures["speed_up"] == pytest.approx(1.5 / head_s)


@pytest.mark.parametrize("busy", ["head", "other"])
def test_a_factor_missed_on_a_disturbed_machine_is_no_verdict(measured, busy):
    seen = {"head": [Disturbance(1.0)], "other": [Disturbance(1.0)], busy: [Disturbance(1.0, steal=0.5)]}

    def judged(head_s):
        return judge_order(measured([head_s], seen=seen["head"]), measured([1.5], seen=seen["other"]), ("fp32", 1.5))

    assert judged(1.2).status is Status.INCONCLUSIVE
    assert judged(1.2).sentence == (
        "1.25x faster than fp32 (limit 1.5x), but 1 of 1 process was disturbed, the last because the hypervisor took "
        "50.0 % of the CPUs' time (limit 5 %)"
    )
    assert judged(1.0).status is Status.PASSED


def test_worst_size_decides(measured):
    head = measured([1.0], more_sizes={"128x128": [4.0]})
    other = measured([3.0], more_sizes={"128x128": [8.0]})
    finding = judge_order(head, other, ("fp32", 2.5))
    assert finding.sentence == "2.00x faster than fp32 at 128x128 (limit 2.5x)"
    assert finding.details == ["64x64: 1 s, fp32 3 s: 3.00x", "128x128: 4 s, fp32 8 s: 2.00x"]


@pytest.mark.parametrize("size", [None, "8x8"])
def test_nothing_to_compare_with_is_no_silent_pass(measured, size):
    other = None if size is None else measured([1.0], size=size)
    finding = judge_order(measured([1.0]), other, ("fp32", 1.5))
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == (
        "fp32 was not measured in this session at the same size, so 1.5x faster than fp32 is not shown; "
        "select fp32 too (--sdperf-variants)"
    )
