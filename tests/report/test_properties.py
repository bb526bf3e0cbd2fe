"""Properties of a test: finite numbers, fixed names, nothing that is not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.properties import properties
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def test_a_judged_case(make_outcome: Make, make_measurement: Make, make_finding: Make) -> None:
    slow = make_finding("latency", Status.REGRESSED, ratio=1.091)
    outcome = make_outcome(make_measurement(), slow, make_finding("picture", ssim=0.99, psnr_db=51.4))
    assert properties(outcome) == [
        ("sdperf_case", "fp32-sd15-256x256-20steps"),
        ("sdperf_variant", "fp32"),
        ("sdperf_machine", "zen5-2c-avx512_bf16"),
        ("sdperf_verdict", "REGRESSED"),
        ("sdperf_latency", "REGRESSED"),
        ("sdperf_picture", "PASSED"),
        ("sdperf_latency_s", 35.5),
        ("sdperf_latency_ratio", 1.091),
        ("sdperf_ssim_worst", 0.99),
        ("sdperf_psnr_db_worst", 51.4),
        ("sdperf_peak_bytes", 5_200_000_000),
    ]


def test_a_part_with_several_findings_has_one_property_of_the_worst(
    make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    outcome = make_outcome(
        make_measurement(),
        make_finding("latency", ratio=1.01),
        make_finding("speedup", Status.REGRESSED),
        make_finding("picture", Status.BROKEN, ssim=0.9, psnr_db=20.0),
        make_finding("chain"),
    )
    told = properties(outcome)
    assert [pair for pair in told if pair[0] in ("sdperf_latency", "sdperf_picture")] == [
        ("sdperf_latency", "REGRESSED"),
        ("sdperf_picture", "BROKEN"),
    ]
    assert dict(told)["sdperf_latency_ratio"] == 1.01
    assert len(dict(told)) == len(told)


def test_identical_pictures_have_no_number(make_outcome: Make, make_measurement: Make, make_finding: Make) -> None:
    told = dict(properties(make_outcome(make_measurement(), make_finding("picture", ssim=1.0, psnr_db=math.inf))))
    assert told["sdperf_psnr_db_worst"] == "inf"


def test_what_was_only_measured(make_measurement: Make) -> None:
    told = dict(properties(Outcome("test", make_measurement(), None)))
    assert told["sdperf_verdict"] == "measured only"
    assert "sdperf_latency" not in told
    assert "sdperf_ssim_worst" not in told
