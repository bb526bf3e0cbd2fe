"""Failure texts: one sentence with every failed part, and a section that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.measurement import Evidence, ImageTiming, KernelTime, Measurement, ProcessRun
from pytest_sdperf.report import finding_text
from pytest_sdperf.report.failure import section, sentence
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]
LOST = "broken claim kernel_isa(avx512_bf16, at least 90 %): 2 % of kernel time (limit 90 %)"
DARK = 'SSIM 0.9123 (limit 0.98) and PSNR 21.0 dB (limit 35 dB) against fp32 at 256x256, prompt "a ship"'


@pytest.fixture
def slow(make_finding: Make) -> AnyFinding:
    finding: AnyFinding = make_finding("latency", Status.REGRESSED)
    return finding


@pytest.fixture
def dark(make_finding: Make) -> AnyFinding:
    finding: AnyFinding = make_finding("picture", Status.BROKEN)
    return finding


@pytest.fixture
def changed(make_measurement: Make) -> Make:
    """(Then, now): a measurement, and the same with a longer UNet, another kernel and another torch."""

    def changed() -> tuple[Measurement, Measurement]:
        m = make_measurement("openvino")
        then, now = (
            msgspec.structs.replace(
                m,
                processes=[
                    ProcessRun({"256x256": [ImageTiming(12 * 10**8 + unet_ns, {"unet": [unet_ns]})]}, {}, {"load": load_ns}, 1)
                ],
                evidence=Evidence(kernels=[KernelTime("matmul", kernel, "bf16", 1, 1.0)]),
                environment=msgspec.structs.replace(m.environment, packages={"torch": torch}),
            )
            for unet_ns, load_ns, kernel, torch in (
                (5 * 10**8, 2 * 10**9, "brgemm", "2.8.0"), (6 * 10**8, 3 * 10**9, "gemm:jit", "2.9.0"),
            )
        )  # fmt: skip
        return then, now

    return changed


def test_latency_never_hides_picture_or_proof(
    make_measurement: Make, make_outcome: Make, make_finding: Make, slow: AnyFinding, dark: AnyFinding
) -> None:
    lost = make_finding("proof", Status.BROKEN)
    outcome = make_outcome(make_measurement("openvino"), slow, dark, lost, make_finding("memory"))
    told = finding_text.sentence(slow)
    assert sentence(outcome) == f"openvino: latency REGRESSED: {told}; picture BROKEN: {DARK}; proof BROKEN: {LOST}."


def test_a_sentence_that_ends_in_a_full_stop_gets_no_second(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    outcome = make_outcome(make_measurement(), make_finding("paired", Status.INVALID_ENVIRONMENT, invalid="It sank."))
    assert sentence(outcome) == "fp32: latency INVALID ENVIRONMENT: It sank."


def test_parts_outside_the_gate_are_not_in_the_sentence_but_in_the_section(
    make_measurement: Make, make_outcome: Make, slow: AnyFinding, dark: AnyFinding
) -> None:
    outcome = make_outcome(make_measurement("openvino"), slow, dark, gate=("picture",))
    assert sentence(outcome) == f"openvino: picture BROKEN: {DARK}."
    assert f"latency   REGRESSED (not gated): {finding_text.sentence(slow)}" in section(outcome).splitlines()


def test_without_a_failure_the_status_is_said(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    m = make_measurement("tuned")
    assert sentence(make_outcome(m, make_finding("latency", Status.INCONCLUSIVE))) == "tuned INCONCLUSIVE."
    assert sentence(Outcome("test", m, None)) == "tuned was measured and not judged."
    assert "accept" not in section(make_outcome(m, make_finding("latency")))
    assert section(Outcome("test", m, None)).splitlines() == [
        "case      tuned-sd15-256x256-20steps", "test      test", "machine   zen5-2c-avx512_bf16",
    ]  # fmt: skip


def test_the_whole_section_and_what_two_parts_have_in_common_once(
    changed: Make, make_outcome: Make, make_finding: Make, slow: AnyFinding, dark: AnyFinding
) -> None:
    then, now = changed()
    memory = make_finding("memory")
    outcome = make_outcome(now, slow, dark, memory, gate=("latency",), baseline=Baseline([RecordedRun("", then)]))
    told = [finding_text.sentence(finding) for finding in (slow, memory)]
    assert (
        section(outcome)
        == f"""\
case      openvino-sd15-256x256-20steps
test      tests/perf/test_blog.py::test_openvino
machine   zen5-2c-avx512_bf16

latency   REGRESSED: {told[0]}
          stage: unet 500 ms -> 600 ms (+20.0 %), +5.9 % of the picture's time
          cold start (not judged): load 2 s -> 3 s (+50.0 %)
          kernel appeared: matmul gemm:jit bf16, 100.0 % of kernel time
          kernel vanished: matmul brgemm bf16, was 100.0 % of kernel time
          environment: torch 2.8.0 -> 2.9.0

picture   BROKEN (not gated): {DARK}
          at 256x256, prompt "a ship": SSIM 0.9123 (limit 0.98), PSNR 21.0 dB (limit 35 dB)
          SSIM with a uniform 7x7 window, data range 1

memory    PASSED (not gated): {told[1]}

baseline  baselines/zen5-2c-avx512_bf16/openvino-sd15-256x256-20steps.json
accept    pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_openvino"""
    )


def test_claims_that_differ_only_in_at_least_are_two_lines(
    make_measurement: Make, make_outcome: Make, make_finding: Make, make_claim: Make
) -> None:
    claims = [make_claim("kernel_precision(bf16)", at_least=share) for share in (0.9, 0.95)]
    lines = section(make_outcome(make_measurement(), make_finding("proof", claims=claims))).splitlines()
    for share in (90, 95):
        assert f"          holds: kernel_precision(bf16, at least {share} %): as claimed" in lines


def test_a_missing_baseline_is_recorded_with_new(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    text = section(make_outcome(make_measurement(), make_finding("latency", Status.NO_BASELINE)))
    assert "baseline  baselines/zen5-2c-avx512_bf16/fp32-sd15-256x256-20steps.json (not there)" in text
    assert text.endswith("accept    pytest --sdperf --sdperf-update=new tests/perf/test_blog.py::test_fp32")


@pytest.mark.parametrize(
    ("kind", "status", "fields", "accepted"),
    [
        ("picture", Status.BROKEN, {}, False),
        ("picture", Status.NO_BASELINE, {}, True),
        ("chain", Status.BROKEN, {}, False),
        ("proof", Status.BROKEN, {}, False),
        ("latency", Status.REGRESSED, {}, True),
        ("speedup", Status.REGRESSED, {}, False),
        ("latency", Status.INVALID_ENVIRONMENT, {}, True),
        ("memory", Status.BROKEN, {"peak_bytes": 9, "max_bytes": 8}, False),
        ("memory", Status.BROKEN, {"peak_bytes": 8, "max_bytes": 8}, True),
        ("memory", Status.BROKEN, {"peak_bytes": 9, "max_bytes": None}, True),
    ],
)
def test_what_an_update_accepts(
    *,
    make_measurement: Make,
    make_outcome: Make,
    make_finding: Make,
    slow: AnyFinding,
    kind: str,
    status: Status,
    fields: dict[str, Any],
    accepted: bool,
) -> None:
    text = section(make_outcome(make_measurement(), slow, make_finding(kind, status, **fields)))
    accept = text.splitlines()[-1]
    assert ("--sdperf-update=all" in accept) is accepted
    assert ("no update accepts a broken promise" in accept) is not accepted


def test_an_update_decides_nothing_that_is_inconclusive(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    unsure = make_finding("latency", Status.INCONCLUSIVE)
    outcome = make_outcome(make_measurement(), unsure)
    strict = msgspec.structs.replace(outcome, verdict=Verdict([unsure], ["latency"], inconclusive="fail"))
    assert sentence(strict) == f"fp32: latency INCONCLUSIVE: {finding_text.sentence(unsure)}."
    node = "tests/perf/test_blog.py::test_fp32"
    assert section(strict).endswith(
        f"accept    nothing is decided: compare side by side, pytest --sdperf --sdperf-against=REV {node}, "
        f"or record more runs, pytest --sdperf --sdperf-update=all {node}"
    )
    grown = make_finding("memory", Status.BROKEN)
    both = msgspec.structs.replace(outcome, verdict=Verdict([unsure, grown], ["latency", "memory"], "fail"))
    assert section(both).endswith(f"accept    pytest --sdperf --sdperf-update=all {node}")


def test_text_from_outside_is_shown_as_text(make_measurement: Make, make_finding: Make, make_outcome: Make) -> None:
    bad = "\x1b[2J\u202e" + "x" * 10_000
    finding = make_finding("paired", Status.INVALID_ENVIRONMENT, base=bad, invalid=bad)
    outcome = make_outcome(make_measurement(bad), finding)
    for text in (sentence(outcome), section(outcome)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 3000


def test_the_command_quotes_the_test(make_measurement: Make, slow: AnyFinding) -> None:
    outcome = Outcome("test_x.py::test[a b;c]", make_measurement(), Verdict([slow], ["latency"]))
    assert section(outcome).endswith("--sdperf-update=all 'test_x.py::test[a b;c]'")


@pytest.fixture
def compared(make_measurement: Make, make_outcome: Make) -> Make:
    """The outcome of a case that was compared, from its findings; INCONCLUSIVE fails."""

    def compared(*findings: AnyFinding) -> Outcome:
        m = make_measurement()
        arms = (Side(label, m.environment) for label in ("main (1a2b3c4d5e)", "working tree at 5e4d3c2b1a"))
        outcome: Outcome = make_outcome(m, *findings, comparison=Comparison(*arms, pairs=[]))
        verdict = Verdict(list(findings), ["latency", "picture", "memory"], inconclusive="fail")
        return msgspec.structs.replace(outcome, verdict=verdict)

    return compared


def test_the_whole_section_side_by_side(compared: Make, make_finding: Make) -> None:
    slow = make_finding("paired", Status.REGRESSED)
    control = make_finding("control", Status.INVALID_ENVIRONMENT)
    outcome = compared(slow, control, make_finding("picture"))
    told = finding_text.sentence(slow)
    assert sentence(outcome) == f"fp32: latency REGRESSED: {told}."
    assert (
        section(outcome)
        == f"""\
case      fp32-sd15-256x256-20steps
test      tests/perf/test_blog.py::test_fp32
machine   zen5-2c-avx512_bf16

latency   REGRESSED: {told}
          base: main (1a2b3c4d5e); head: working tree at 5e4d3c2b1a

control   INVALID ENVIRONMENT (not gated): {finding_text.sentence(control)}

picture   PASSED: 1 picture, valid; this is the reference that others are compared with

baseline  baselines/zen5-2c-avx512_bf16/fp32-sd15-256x256-20steps.json (not there)
accept    let the test allow it, @pytest.mark.sdperf(ignore=…, must_catch=…), or merge it: then later changes are compared with it; recorded runs take it by pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_fp32"""
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            Status.INCONCLUSIVE,
            "nothing is decided: allow more pairs (--sdperf-max-pairs, --sdperf-budget) or ask for less "
            "(--sdperf-must-catch)",
        ),
        (Status.INVALID_ENVIRONMENT, "nothing was compared: read what latency says, then run again"),
        (Status.NO_BASELINE, "pytest --sdperf --sdperf-update=new tests/perf/test_blog.py::test_fp32"),
    ],
)
def test_the_way_out_side_by_side(compared: Make, make_finding: Make, status: Status, told: str) -> None:
    assert section(compared(make_finding("paired", status))).endswith(f"accept    {told}")


def test_what_else_failed_side_by_side(compared: Make, make_finding: Make, slow: AnyFinding, dark: AnyFinding) -> None:
    update = "accept    pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_fp32"
    assert section(compared(make_finding("paired"), make_finding("memory", Status.BROKEN))).endswith(update)
    assert "accept    no update accepts a broken promise" in section(compared(slow, dark))
