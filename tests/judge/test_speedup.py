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


BUSY = Disturbance(1.0, steal=0.5)


@pytest.mark.parametrize(
    ("head_s", "busy", "status"),
    [
        (1.2, "head", Status.INCONCLUSIVE),  # it might be faster
        (10.0, "head", Status.INCONCLUSIVE),
        (10.1, "head", Status.REGRESSED),  # no disturbance explains 10x
        (1.2, "other", Status.REGRESSED),  # the other one is slower than it should be, and still too fast
        (1.0, "head", Status.PASSED),
        (1.0, "other", Status.INCONCLUSIVE),  # won against a variant that could not compute
        (0.11, "other", Status.INCONCLUSIVE),
        (0.10, "other", Status.PASSED),
    ],
)
def test_a_factor_that_a_disturbance_explains_is_no_verdict(measured, head_s, busy, status):
    seen = {"head": [Disturbance(1.0)], "other": [Disturbance(1.0)], busy: [BUSY]}
    head, other = measured([head_s], seen=seen["head"]), measured([1.5], seen=seen["other"])
    finding = judge_speedup(head, other, ("fp32", 1.5))
    assert finding.status is status
    of = "of fp32, " if busy == "other" else ""
    clause = f"{of}1 of 1 process was disturbed, the last because the hypervisor"
    assert finding.doubted_because.startswith(clause) if status is Status.INCONCLUSIVE else not finding.doubted_because


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
