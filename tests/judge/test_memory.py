import pytest

from pytest_sdperf.judge.memory import judge_memory
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.options import Thresholds

GIB = 2**30


@pytest.mark.parametrize(
    ("peak", "status", "change"),
    [
        (1_100_000_000, Status.PASSED, "+10.0 %"),
        (1_100_100_000, Status.BROKEN, "+10.01 %"),
        (1_200_000_000, Status.BROKEN, "+20.0 %"),
        (900_000_000, Status.PASSED, "-10.0 %"),
    ],
)
def test_both_sides_of_the_growth(measured, peak, status, change):
    # 0.1 is a hair above 1.1/1 - 1 in binary, so the limit is given with a hair more
    limits = Thresholds(max_memory_growth=0.10000001)
    finding = judge_memory(measured(peak=peak), [measured(peak=1_000_000_000)], limits)
    assert finding.part == "memory"
    assert finding.status is status
    assert finding.sentence.endswith(f", {change} against the baseline's 954 MiB (limit +10.0 %)")
    assert finding.sentence.startswith("peak ")
    assert finding.figures["growth"] == pytest.approx(peak / 1e9 - 1)


def test_growth_is_counted_from_the_largest_stored_peak(measured):
    jobs = [measured(peak=peak) for peak in (1 * GIB, 2 * GIB, 1 * GIB)]
    finding = judge_memory(measured(peak=2 * GIB), jobs, Thresholds())
    assert finding.status is Status.PASSED
    assert finding.sentence == "peak 2.0 GiB, +0.0 % against the baseline's 2.0 GiB (limit +10.0 %)"
    assert judge_memory(measured(peak=3 * GIB), jobs, Thresholds()).status is Status.BROKEN


def test_pages_of_libraries_do_not_count(measured):
    jobs = [measured(peak=3 * GIB, libraries=GIB)]
    finding = judge_memory(measured(peak=4 * GIB, libraries=2 * GIB), jobs, Thresholds(max_memory=2 * GIB))
    assert finding.status is Status.PASSED
    assert finding.sentence.startswith("peak 2.0 GiB, +0.0 % against the baseline's 2.0 GiB")
    assert judge_memory(measured(peak=4 * GIB, libraries=GIB), jobs, Thresholds()).status is Status.BROKEN


def test_where_one_job_does_not_tell_its_libraries_they_count_on_both_sides(measured):
    jobs = [measured(peak=3 * GIB, libraries=GIB), measured(peak=3 * GIB)]
    finding = judge_memory(measured(peak=3 * GIB, libraries=2 * GIB), jobs, Thresholds())
    assert finding.sentence.startswith("peak 3.0 GiB, +0.0 % against the baseline's 3.0 GiB")


@pytest.mark.parametrize(("peak", "status"), [(4 * GIB, Status.PASSED), (4 * GIB + 1, Status.BROKEN)])
def test_both_sides_of_the_absolute_limit(measured, peak, status):
    finding = judge_memory(measured(peak=peak), [measured(peak=4 * GIB)], Thresholds(max_memory=4 * GIB))
    assert finding.status is status
    shown = "4.0 GiB" if status is Status.PASSED else "4.0 GiB (4294967297 bytes)"
    assert finding.sentence == (
        f"peak {shown}, +0.0 % against the baseline's 4.0 GiB (limit +10.0 %), absolute limit 4.0 GiB"
    )


def test_the_absolute_limit_needs_no_baseline(measured):
    finding = judge_memory(measured(peak=5 * GIB), [], Thresholds(max_memory=4 * GIB))
    assert finding.status is Status.BROKEN
    assert finding.sentence == "peak 5.0 GiB (absolute limit 4.0 GiB)"


@pytest.mark.parametrize("limit", [None, 6 * GIB])
def test_growth_needs_one(measured, limit):
    finding = judge_memory(measured(peak=5 * GIB), [], Thresholds(max_memory=limit))
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == (
        "peak 5.0 GiB, but no baseline is stored for this case and machine; record it with --sdperf-update=new"
    )
