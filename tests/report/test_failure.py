"""Failure texts: one sentence with every failed part, and a section that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pytest_sdperf.judge.verdict import Finding, Status, Verdict

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.report.failure import section, sentence
from pytest_sdperf.report.model import Outcome

Make = Callable[..., Any]
SLOW = "12.0 s is 9.1 % slower than the baseline's 11.0 s (limit 5 %)"
DARK = "SSIM 0.9123 (limit 0.98) and PSNR 21.0 dB (limit 35 dB) against fp32"
LOST = "broken claim kernel_isa(avx512_bf16): 2 % of kernel time (limit 90 %), the rest ran gemm:jit:bf16"


@pytest.fixture
def slow(make_finding: Make) -> Finding:
    finding: Finding = make_finding("latency", Status.REGRESSED, SLOW)
    return finding


def test_latency_never_hides_picture_or_proof(
    make_measurement: Make, make_outcome: Make, make_finding: Make, slow: Finding
) -> None:
    dark = make_finding("picture", Status.BROKEN, DARK + ".")
    lost = make_finding("proof", Status.BROKEN, LOST)
    outcome = make_outcome(make_measurement("openvino"), slow, dark, lost, make_finding("memory"))
    assert sentence(outcome) == f"openvino: latency REGRESSED: {SLOW}; picture BROKEN: {DARK}; proof BROKEN: {LOST}."


def test_parts_outside_the_gate_are_not_in_the_sentence_but_in_the_section(
    make_measurement: Make, make_outcome: Make, make_finding: Make, slow: Finding
) -> None:
    dark = make_finding("picture", Status.BROKEN, DARK)
    outcome = make_outcome(make_measurement("openvino"), slow, dark, gate=("picture",))
    assert sentence(outcome) == f"openvino: picture BROKEN: {DARK}."
    assert f"latency   REGRESSED (not gated): {SLOW}" in section(outcome).splitlines()


def test_without_a_failure_the_status_is_said(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    m = make_measurement("tuned")
    assert sentence(make_outcome(m, make_finding("latency", Status.INCONCLUSIVE))) == "tuned INCONCLUSIVE."
    assert sentence(Outcome("test", m, None)) == "tuned was measured and not judged."
    assert "accept" not in section(make_outcome(m, make_finding("latency")))
    assert section(Outcome("test", m, None)).splitlines() == [
        "case      tuned-sd15-256x256-20steps", "test      test", "machine   zen5-2c-avx512_bf16",
    ]  # fmt: skip


def test_the_whole_section(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    m = make_measurement("openvino")
    details = ["stage: unet 0.50 s -> 0.57 s", "kernel appeared: gemm:jit:bf16", "environment: torch 2.8.0 -> 2.9.0"]
    slow = Finding("latency", Status.REGRESSED, SLOW, details=details)
    outcome = make_outcome(m, slow, make_finding("picture"), baseline=Baseline([RecordedRun("", m)]))
    assert (
        section(outcome)
        == f"""\
case      openvino-sd15-256x256-20steps
test      tests/perf/test_blog.py::test_openvino
machine   zen5-2c-avx512_bf16

latency   REGRESSED: {SLOW}
          stage: unet 0.50 s -> 0.57 s
          kernel appeared: gemm:jit:bf16
          environment: torch 2.8.0 -> 2.9.0

picture   PASSED: as promised

baseline  baselines/zen5-2c-avx512_bf16/openvino-sd15-256x256-20steps.json
accept    pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_openvino"""
    )


def test_what_two_parts_have_in_common_is_told_once(make_measurement: Make, make_outcome: Make) -> None:
    common = "environment: torch 2.8.0 -> 2.9.0"
    slow = Finding("latency", Status.REGRESSED, SLOW, details=["stage: unet", common])
    dark = Finding("picture", Status.BROKEN, DARK, details=["at 64x64", common])
    text = section(make_outcome(make_measurement(), slow, dark))
    assert text.count(common) == 1
    assert "          at 64x64" in text.splitlines()


def test_a_missing_baseline_is_recorded_with_new(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    text = section(make_outcome(make_measurement(), make_finding("latency", Status.NO_BASELINE)))
    assert "baseline  baselines/zen5-2c-avx512_bf16/fp32-sd15-256x256-20steps.json (not there)" in text
    assert text.endswith("accept    pytest --sdperf --sdperf-update=new tests/perf/test_blog.py::test_fp32")


@pytest.mark.parametrize(
    ("part", "status", "figures", "accepted"),
    [
        ("picture", Status.BROKEN, {}, False),
        ("picture", Status.NO_BASELINE, {}, True),
        ("proof", Status.BROKEN, {}, False),
        ("latency", Status.REGRESSED, {"ratio": 1.1}, True),
        ("latency", Status.REGRESSED, {"than": "fp32"}, False),
        ("latency", Status.INVALID_ENVIRONMENT, {}, True),
        ("memory", Status.BROKEN, {"peak_bytes": 9.0, "limit_bytes": 8.0}, False),
        ("memory", Status.BROKEN, {"peak_bytes": 8.0, "limit_bytes": 8.0}, True),
        ("memory", Status.BROKEN, {"peak_bytes": 9.0, "limit_bytes": None}, True),
    ],
)
def test_what_an_update_accepts(
    *,
    make_measurement: Make,
    make_outcome: Make,
    make_finding: Make,
    slow: Finding,
    part: str,
    status: Status,
    figures: dict[str, Any],
    accepted: bool,
) -> None:
    text = section(make_outcome(make_measurement(), slow, make_finding(part, status, "as told", **figures)))
    assert ("--sdperf-update=all" in text) is accepted
    assert ("no update accepts a broken promise" in text) is not accepted


def test_an_update_decides_nothing_that_is_inconclusive(
    make_measurement: Make, make_outcome: Make, make_finding: Make, slow: Finding
) -> None:
    unsure = make_finding("latency", Status.INCONCLUSIVE, "12.0 s, who knows")
    outcome = make_outcome(make_measurement(), unsure)
    strict = msgspec.structs.replace(outcome, verdict=Verdict([unsure], ["latency"], inconclusive="fail"))
    assert sentence(strict) == "fp32: latency INCONCLUSIVE: 12.0 s, who knows."
    node = "tests/perf/test_blog.py::test_fp32"
    assert section(strict).endswith(
        f"accept    nothing is decided: compare side by side, pytest --sdperf --sdperf-against=REV {node}, "
        f"or record more jobs, pytest --sdperf --sdperf-update=all {node}"
    )
    grown = make_finding("memory", Status.BROKEN)
    both = msgspec.structs.replace(outcome, verdict=Verdict([unsure, grown], ["latency", "memory"], "fail"))
    assert section(both).endswith(f"accept    pytest --sdperf --sdperf-update=all {node}")


def test_text_from_outside_is_shown_as_text(make_measurement: Make, make_finding: Make, make_outcome: Make) -> None:
    bad = "\x1b[2J\u202e" + "x" * 10_000
    finding = Finding("latency", Status.REGRESSED, bad, details=[bad])
    outcome = make_outcome(make_measurement(bad), finding)
    for text in (sentence(outcome), section(outcome)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 3000


def test_the_command_quotes_the_test(make_measurement: Make, slow: Finding) -> None:
    outcome = Outcome("test_x.py::test[a b;c]", make_measurement(), Verdict([slow], ["latency"]))
    assert section(outcome).endswith("--sdperf-update=all 'test_x.py::test[a b;c]'")


BESIDE = "12.0 s is 9.1 % slower than main (1a2b3c4d5e)'s 11.0 s side by side (4 pairs)"


@pytest.fixture
def beside(make_measurement: Make, make_outcome: Make) -> Make:
    """The outcome of a case that was compared, from its findings; INCONCLUSIVE fails."""

    def beside(*findings: Finding) -> Outcome:
        m = make_measurement()
        arms = (Side(label, m.environment) for label in ("main (1a2b3c4d5e)", "working tree at 5e4d3c2b1a"))
        outcome: Outcome = make_outcome(m, *findings, comparison=Comparison(*arms, pairs=[]))
        verdict = Verdict(list(findings), ["latency", "picture", "memory"], inconclusive="fail")
        return msgspec.structs.replace(outcome, verdict=verdict)

    return beside


def test_the_whole_section_side_by_side(beside: Make, make_finding: Make) -> None:
    details = ["base: main (1a2b3c4d5e); head: working tree at 5e4d3c2b1a", "stage: unet 0.50 s -> 0.57 s"]
    slow = Finding("latency", Status.REGRESSED, BESIDE, details=details)
    control = make_finding("control", Status.INVALID_ENVIRONMENT, "the head differs from itself")
    outcome = beside(slow, control, make_finding("picture"))
    assert sentence(outcome) == f"fp32: latency REGRESSED: {BESIDE}."
    assert (
        section(outcome)
        == f"""\
case      fp32-sd15-256x256-20steps
test      tests/perf/test_blog.py::test_fp32
machine   zen5-2c-avx512_bf16

latency   REGRESSED: {BESIDE}
          base: main (1a2b3c4d5e); head: working tree at 5e4d3c2b1a
          stage: unet 0.50 s -> 0.57 s

control   INVALID ENVIRONMENT (not gated): the head differs from itself

picture   PASSED: as promised

baseline  baselines/zen5-2c-avx512_bf16/fp32-sd15-256x256-20steps.json (not there)
accept    let the test allow it, @pytest.mark.sdperf(ignore=…, must_catch=…), or merge it: then later changes are compared with it; stored jobs take it by pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_fp32"""
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            Status.INCONCLUSIVE,
            "nothing is decided: allow more pairs (--sdperf-max-pairs, --sdperf-budget) or ask for less "
            "(--sdperf-must-catch)",
        ),
        (Status.INVALID_ENVIRONMENT, "nothing was compared: see to what latency says, and run again"),
        (Status.NO_BASELINE, "pytest --sdperf --sdperf-update=new tests/perf/test_blog.py::test_fp32"),
    ],
)
def test_the_way_out_side_by_side(beside: Make, make_finding: Make, status: Status, told: str) -> None:
    assert section(beside(make_finding("latency", status))).endswith(f"accept    {told}")


def test_what_else_failed_side_by_side(beside: Make, make_finding: Make, slow: Finding) -> None:
    update = "accept    pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_fp32"
    assert section(beside(make_finding("latency"), make_finding("memory", Status.BROKEN))).endswith(update)
    dark = make_finding("picture", Status.BROKEN, DARK)
    assert "accept    no update accepts a broken promise" in section(beside(slow, dark))
