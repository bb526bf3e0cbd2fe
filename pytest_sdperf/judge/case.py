"""Judge one case: every part's finding, assembled into a verdict; pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pytest_sdperf.baseline import other_work
from pytest_sdperf.comparison import Comparison
from pytest_sdperf.diff.environment_changes import environment_changes
from pytest_sdperf.diff.kernel_changes import kernel_changes
from pytest_sdperf.judge.latency import judge_latency
from pytest_sdperf.judge.memory import judge_memory
from pytest_sdperf.judge.paired_latency import judge_control, judge_side_by_side
from pytest_sdperf.judge.picture import Similarity, judge_picture
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.judge.repeatability import allowing, own_noise
from pytest_sdperf.judge.speedup import judge_order
from pytest_sdperf.judge.stage_parity import judge_stage_parity
from pytest_sdperf.judge.verdict import Finding, Status, Verdict
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.stats.job_spread import JobSpread

_CALLS_FOR_REASONS = frozenset({Status.REGRESSED, Status.INCONCLUSIVE, Status.FASTER, Status.BROKEN})


def judge(seen: Observations, options: Options) -> Verdict:
    """All findings of one case.

    Side by side, latency and memory are judged against the base; else against the recorded runs. Where the result is to
    be recorded it is compared with none of these, and a part without a baseline is NOT_JUDGED, as with
    --sdperf-missing=skip. Details of a part that did not simply pass say which kernels and what of the environment
    changed since the newest recorded run, or from the base.
    """
    measurement, case, thresholds, comparison = seen.measurement, seen.case, options.thresholds, seen.comparison
    references, control, gate = seen.references, seen.control, options.gate
    jobs = [] if seen.baseline is None or seen.is_to_be_recorded else seen.baseline.measurements
    missing = "record" if seen.is_to_be_recorded else options.missing
    latency, memory, before = _against_jobs(measurement, jobs, thresholds, seen.spread)
    if comparison is not None:
        screen = latency
        latency, memory, before = _against_arm(measurement, comparison, thresholds)
        if jobs:
            told = f"stored jobs: {screen.status.value}: {screen.sentence}"
            figures = {**latency.figures, "stored": screen.status.value}
            latency = msgspec.structs.replace(latency, details=[told, *latency.details], figures=figures)
    latency, memory = (_missing_as_asked(finding, missing) for finding in (latency, memory))
    order = [judge_order(seen.unpaired, seen.sibling, thresholds.min_speedup)] if thresholds.min_speedup else []
    noise = own_noise(seen.pictures, seen.other_pictures)
    limits = allowing(thresholds, noise)
    picture = judge_picture(
        seen.pictures,
        references.pictures,
        limits,
        prompt_seeds=case.workload.prompt_seeds,
        sizes=case.workload.sizes,
        reference_name=case.variant.reference,
        is_reference=references.is_reference,
        eight_bit=references.eight_bit,
        own_picture=references.own_picture,
    )
    if case.variant.reference is None:
        picture = _missing_as_asked(picture, missing)
    stage_parity = measurement.stage_parity
    findings = [
        latency,
        *([judge_control(control, measurement, thresholds)] if control else []),
        *order,
        _with_repeatability(picture, measurement, noise, limits),
        *([judge_stage_parity(stage_parity, thresholds.min_stage_psnr)] if stage_parity else []),
        judge_proof(case.variant.claims, measurement.evidence, case.workload),
        memory,
    ]
    return Verdict(
        findings=[_with_reasons(f, measurement, before) for f in findings],
        gate=list(gate),
        inconclusive=thresholds.inconclusive,
    )


def passes_screen(
    measurement: Measurement, jobs: Sequence[Measurement], thresholds: Thresholds, spread: JobSpread
) -> bool:
    """Whether the stored jobs alone show that the latency is fine: then nothing more needs to be measured.

    They must rule out what pairs would have to catch: a wide ``max_slowdown`` would let it pass unmeasured.
    """
    as_strict = thresholds._replace(max_slowdown=min(thresholds.max_slowdown, thresholds.must_catch))
    latency, _, _ = _against_jobs(measurement, jobs, as_strict, spread)
    return latency.status is Status.PASSED


def _against_jobs(
    measurement: Measurement, jobs: Sequence[Measurement], thresholds: Thresholds, spread: JobSpread
) -> tuple[Finding, Finding, Measurement | None]:
    """(latency, memory, the newest job)."""
    newest = jobs[-1] if jobs else None
    difference = other_work(newest, measurement) if newest else None
    comparable = () if difference else jobs
    latency = judge_latency(measurement, comparable, thresholds, spread)
    memory = judge_memory(measurement, comparable, thresholds)
    if difference:
        mismatch = f"the baseline was measured with {difference}; record it again with --sdperf-update=all"
        latency, memory = (_not_comparable(finding, mismatch) for finding in (latency, memory))
    return latency, memory, newest


def _against_arm(
    measurement: Measurement, comparison: Comparison, thresholds: Thresholds
) -> tuple[Finding, Finding, Measurement | None]:
    """(latency, memory, the base arm); None where that was not measured."""
    latency = judge_side_by_side(comparison, measurement, thresholds)
    if comparison.kept and not comparison.invalid:
        base = comparison.measurement_of_base(measurement)
        return latency, judge_memory(measurement, [base], thresholds, of=f"{comparison.base.label}'s"), base
    memory = judge_memory(measurement, [], thresholds)
    if not comparison.missing:
        memory = _not_comparable(memory, "the base arm was not measured, so growth is not judged")
    return latency, memory, None


def _not_comparable(finding: Finding, mismatch: str) -> Finding:
    if finding.status is Status.BROKEN:  # an absolute limit needs no baseline
        return finding
    return msgspec.structs.replace(finding, status=Status.INVALID_ENVIRONMENT, sentence=mismatch)


def _missing_as_asked(finding: Finding, missing: str) -> Finding:
    if finding.status is not Status.NO_BASELINE or missing == "fail":
        return finding
    measured, _, lacking = finding.sentence.split("; ")[0].partition(", but ")
    if missing == "record":
        sentence = f"{measured}, to be recorded as the baseline if no part fails"
    else:
        sentence = f"{measured}, not judged: {lacking}, and --sdperf-missing=skip"
    return msgspec.structs.replace(finding, status=Status.NOT_JUDGED, sentence=sentence)


def _with_repeatability(
    picture: Finding, measurement: Measurement, noise: Similarity | None, limits: Thresholds
) -> Finding:
    """Say where pictures of one key were not the same to the bit, how far apart they were, and what that changed."""
    figures = {**picture.figures, "repeatable": "yes" if measurement.repeatable else "no"}
    details = list(picture.details)
    if not measurement.repeatable:
        told = "not repeatable: the same prompt, seed and size gave different pictures in this session"
        if noise is not None:
            told += (
                f", SSIM {noise.ssim:.4f} and PSNR {noise.psnr_db:.1f} dB between them; limits that allow for it: "
                f"SSIM {limits.min_ssim:.4f}, PSNR {limits.min_psnr:.1f} dB"
            )
        details.append(told)
    return msgspec.structs.replace(picture, details=details, figures=figures)


def _with_reasons(finding: Finding, measurement: Measurement, baseline: Measurement | None) -> Finding:
    """What changed since the baseline, for a finding that asks why."""
    if baseline is None or finding.status not in _CALLS_FOR_REASONS:
        return finding
    kernels = [f"kernel {line}" for line in kernel_changes(baseline.evidence, measurement.evidence)]
    around = [f"environment: {line}" for line in environment_changes(baseline.environment, measurement.environment)]
    return msgspec.structs.replace(finding, details=[*finding.details, *kernels, *around])
