import pytest

from pytest_sdperf.judge.speedup import judge_speedup
from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.verdict.status import Status


@pytest.mark.parametrize(
    ("head_s", "status"),
    [(1.0, Status.PASSED), (1.001, Status.REGRESSED), (1.5 / 1.21, Status.REGRESSED), (2.0, Status.REGRESSED)],
)
def test_both_sides_of_the_factor(measured, head_s, status):
    finding = judge_speedup(measured([head_s]), measured([1.5]), ("fp32", 1.5))
    assert (finding.part, finding.status) == ("latency", status)
    assert (finding.sibling, finding.limit) == ("fp32", 1.5)
    assert finding.sizes[0].factor == pytest.approx(1.5 / head_s)


@pytest.mark.parametrize("busy", ["head", "other"])
def test_a_factor_missed_on_a_disturbed_machine_is_no_verdict(measured, busy):
    seen = {"head": [Disturbance(1.0)], "other": [Disturbance(1.0)], busy: [Disturbance(1.0, steal=0.5)]}

    def judged(head_s):
        return judge_speedup(measured([head_s], seen=seen["head"]), measured([1.5], seen=seen["other"]), ("fp32", 1.5))

    assert judged(1.2).status is Status.INCONCLUSIVE
    assert judged(1.2).doubted_because.startswith("1 of 1 process was disturbed, the last because the hypervisor")
    assert (judged(1.0).status, judged(1.0).doubted_because) == (Status.PASSED, "")


def test_the_worst_size_decides_and_comes_first(measured):
    head = measured([1.0], more_sizes={"128x128": [4.0]})
    other = measured([3.0], more_sizes={"128x128": [8.0]})
    finding = judge_speedup(head, other, ("fp32", 2.5))
    assert finding.status is Status.REGRESSED
    assert [(one.size, one.factor) for one in finding.sizes] == [("128x128", 2.0), ("64x64", 3.0)]


@pytest.mark.parametrize("size", [None, "8x8"])
def test_nothing_to_compare_with_is_no_silent_pass(measured, size):
    other = None if size is None else measured([1.0], size=size)
    finding = judge_speedup(measured([1.0]), other, ("fp32", 1.5))
    assert (finding.status, finding.sizes) == (Status.NO_BASELINE, [])
