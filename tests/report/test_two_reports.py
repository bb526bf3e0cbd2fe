import math

import msgspec

from pytest_sdperf.report.outcome import Report
from pytest_sdperf.report.two_reports import two_reports


def test_a_report_and_itself(report):
    found = two_reports(report, report)
    assert len(found.cases) == len(report.outcomes)
    assert (found.only_before, found.only_after) == ([], [])
    assert all(case.more == [] for case in found.cases)
    assert all(one.ratio == 1 for case in found.cases for one in case.changes.latencies)


def test_cases_of_one_side_only(report):
    half = msgspec.structs.replace(report, outcomes=report.outcomes[:1])
    found = two_reports(half, report)
    assert len(found.cases) == 1
    assert len(found.only_after) == len(report.outcomes) - 1
    assert two_reports(report, Report([])).cases == []


def test_verdict_and_picture_that_changed(make_measurement, make_outcome, make_finding):
    def one(ssim, psnr_db, **more):
        return Report(
            [make_outcome(make_measurement("ours"), make_finding("picture", ssim=ssim, psnr_db=psnr_db), **more)]
        )

    (case,) = two_reports(one(1.0, math.inf), one(0.9512, 31.26, recorded=True)).cases
    assert case.more == [
        ("verdict", "PASSED -> PASSED (recorded)"),
        ("picture", "SSIM 1.0000, PSNR exact -> SSIM 0.9512, PSNR 31.3 dB"),
    ]


def test_of_a_case_that_two_tests_measured_the_first_counts(make_measurement, make_outcome):
    twice = Report([make_outcome(make_measurement("a", medians_s=(s,))) for s in (1.0, 9.0)])
    (case,) = two_reports(twice, twice).cases
    assert case.changes.latencies[0].head_s == 1.0
