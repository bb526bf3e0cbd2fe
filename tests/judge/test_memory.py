import pytest

from pytest_sdperf.judge.memory import judge_memory
from pytest_sdperf.options import Thresholds
from pytest_sdperf.verdict.status import Status

GIB = 2**30


@pytest.mark.parametrize(
    ("peak", "status"),
    [
        (1_100_000_000, Status.PASSED),
        (1_100_000_001, Status.BROKEN),
        (1_200_000_000, Status.BROKEN),
        (900_000_000, Status.PASSED),
    ],
)
def test_both_sides_of_the_growth(measured, peak, status):
    finding = judge_memory(measured(peak=peak), [measured(peak=1_000_000_000)], Thresholds(max_memory_growth=0.1))
    assert (finding.part, finding.status) == ("memory", status)
    assert (finding.peak_bytes, finding.base_bytes, finding.max_growth) == (peak, 1_000_000_000, 0.1)
    assert finding.base == "the baseline"


def test_growth_is_counted_from_the_largest_recorded_peak(measured):
    runs = [measured(peak=peak) for peak in (1 * GIB, 2 * GIB, 1 * GIB)]
    finding = judge_memory(measured(peak=2 * GIB), runs, Thresholds())
    assert (finding.status, finding.base_bytes) == (Status.PASSED, 2 * GIB)
    assert judge_memory(measured(peak=3 * GIB), runs, Thresholds()).status is Status.BROKEN


def test_pages_of_libraries_do_not_count(measured):
    runs = [measured(peak=3 * GIB, libraries=GIB)]
    finding = judge_memory(measured(peak=4 * GIB, libraries=2 * GIB), runs, Thresholds(max_memory=2 * GIB))
    assert (finding.status, finding.peak_bytes, finding.base_bytes) == (Status.PASSED, 2 * GIB, 2 * GIB)
    assert judge_memory(measured(peak=4 * GIB, libraries=GIB), runs, Thresholds()).status is Status.BROKEN


def test_where_one_run_does_not_say_they_count_on_both_sides(measured):
    runs = [measured(peak=3 * GIB, libraries=GIB), measured(peak=3 * GIB)]
    finding = judge_memory(measured(peak=3 * GIB, libraries=2 * GIB), runs, Thresholds())
    assert (finding.peak_bytes, finding.base_bytes) == (3 * GIB, 3 * GIB)


@pytest.mark.parametrize(("peak", "status"), [(4 * GIB, Status.PASSED), (4 * GIB + 1, Status.BROKEN)])
@pytest.mark.parametrize("has_baseline", [True, False])
def test_both_sides_of_the_absolute_limit_to_the_byte(measured, peak, status, has_baseline):
    runs = [measured(peak=4 * GIB)] if has_baseline else []
    finding = judge_memory(measured(peak=peak), runs, Thresholds(max_memory=4 * GIB))
    expected = Status.NO_BASELINE if status is Status.PASSED and not has_baseline else status
    assert (finding.status, finding.max_bytes) == (expected, 4 * GIB)


@pytest.mark.parametrize("why", [{"other_work": "scheduler DPM, this is PNDM"}, {"is_base_unmeasured": True}])
def test_what_is_not_comparable_still_keeps_the_absolute_limit(measured, why):
    for limit, status in ((None, Status.INVALID_ENVIRONMENT), (1, Status.BROKEN)):
        finding = judge_memory(measured(), [], Thresholds(max_memory=limit), **why)
        assert (finding.status, finding.base) == (status, "")
