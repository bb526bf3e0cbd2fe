from itertools import pairwise

import pytest

from pytest_sdperf.judge.sizes import SizeResult, finding_of_sizes
from pytest_sdperf.judge.verdict import Status

WORST_FIRST = [Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER]


def result(size, status=Status.PASSED, excess=0.0):
    return SizeResult(size, status, f"{size} is told", {"size": size}, excess)


def test_of_one_size_only_its_own_sentence_is_told(measured):
    finding = finding_of_sizes([result("64x64")], measured(), measured(), told=["first of all"])
    assert finding.sentence == "64x64 is told"
    assert finding.figures == {"size": "64x64"}
    assert finding.details == ["first of all"]


@pytest.mark.parametrize(("worse", "better"), list(pairwise(WORST_FIRST)))
def test_the_worst_size_decides_and_the_other_is_told(measured, worse, better):
    finding = finding_of_sizes([result("8x8", better, 9.0), result("16x16", worse)], measured(), measured())
    assert finding.status is worse
    assert finding.sentence == "at 16x16: 16x16 is told"
    assert finding.details == [f"8x8: {better.value}: 8x8 is told"]


def test_of_two_alike_the_one_further_above_its_limit_is_worse(measured):
    alike = [result("8x8", Status.REGRESSED, 0.1), result("16x16", Status.REGRESSED, 0.2)]
    assert finding_of_sizes(alike, measured(), measured()).figures == {"size": "16x16"}


def test_stages_and_cold_start_that_moved_are_told_of_the_sizes_both_have(measured):
    before = measured((1.0,), more_sizes={"8x8": (1.0,)}, unet_s=0.5, startup_s={"load": 1.0})
    now = measured((1.2,), more_sizes={"16x16": (1.0,)}, unet_s=0.7, startup_s={"load": 2.0})
    details = finding_of_sizes([result("64x64"), result("16x16")], before, now).details
    assert [line for line in details if line.startswith("stage at ")] == [
        "stage at 64x64: unet 500 ms -> 700 ms (+40.0 %), +20.0 % of the picture's time"
    ]
    assert details[-1] == "cold start (not judged): load 1 s -> 2 s (+100.0 %)"
