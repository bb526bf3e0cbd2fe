"""The rows of the summary table, as values: one for each case and size, whatever the rendering."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.fp32_speedup import speed_up
from pytest_sdperf.report.model import Outcome, Report
from pytest_sdperf.report.proven import proven
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status


@dataclass(frozen=True)
class Row:
    """One case at one size."""

    variant: str
    workload: dict[str, str]
    "what is drawn, by aspect: model, size, steps, guidance, seeds, prompts, machine"
    median_s: float
    "median of the processes' median latencies, s"
    spread: float | None
    "half the range of the processes' medians over their median; None for one process: it shows no spread"
    speed_up: float | None
    "times shorter than fp32 on this workload; None where fp32 was not measured"
    unet_call_s: float | None
    "s; None where no stage is called unet"
    ssim: float | None
    "of the case's worst picture; None where none was compared"
    psnr_db: float | None
    "of the case's worst picture, dB; infinite where all are identical; None where none was compared"
    proven: list[str]
    peak_bytes: int
    "memory of its own at most, without its libraries' pages where they are told apart"
    status: Status | None
    "None where the case was only measured"
    verdict: str
    "the status in words, with what it leads to"


def rows(report: Report) -> list[Row]:
    """The rows in the order of the outcomes and of each one's sizes."""
    return [_row(report, outcome, size) for outcome in report.outcomes for size in outcome.measurement.sizes]


def _row(report: Report, outcome: Outcome, size: str) -> Row:
    measurement = outcome.measurement
    latency = measurement.latency_at(size)
    ssim, psnr_db = worst_picture(outcome.verdict)
    many = len(latency.process_medians_s) > 1 and latency.median_s > 0
    return Row(
        variant=measurement.variant,
        workload=_workload(measurement, size),
        median_s=latency.median_s,
        spread=latency.spread if many else None,
        speed_up=speed_up(report, measurement, size),
        unet_call_s=measurement.unet_call_s_at(size),
        ssim=ssim,
        psnr_db=psnr_db,
        proven=proven(outcome.verdict),
        peak_bytes=measurement.peak_bytes,
        status=None if outcome.verdict is None else outcome.verdict.status,
        verdict=verdict_words(outcome),
    )


def verdict_words(outcome: Outcome) -> str:
    """``REGRESSED``, ``REGRESSED (not gated)``, ``PASSED (recorded)``, ``INCONCLUSIVE (fails)``, ``measured only``."""
    verdict = outcome.verdict
    if verdict is None:
        return "measured only"
    if outcome.recorded:
        return f"{verdict.status.value} (recorded)"
    if outcome.skip_reason:
        return "SKIPPED (no baseline)"
    if verdict.status in verdict.failing and verdict.passed:
        return f"{verdict.status.value} (not gated)"
    told = verdict.status is Status.INCONCLUSIVE and not verdict.passed  # else it only warns
    return verdict.status.value + (" (fails)" if told else "")


def worst_picture(verdict: Verdict | None) -> tuple[float | None, float | None]:
    """(SSIM, PSNR in dB) of the case's worst pictures, whatever their size: the worst decides."""
    picture = verdict.picture if verdict else None
    by_ssim, by_psnr = (picture.worst_ssim, picture.worst_psnr) if picture else (None, None)
    return by_ssim.ssim if by_ssim else None, by_psnr.psnr_db if by_psnr else None


def _listed(name: str, values: object) -> str:
    """``seed 0``, ``seeds 0, 1``; empty where there are none."""
    if not isinstance(values, list | tuple) or not values:
        return ""
    return f"{name if len(values) == 1 else f'{name}s'} {', '.join(map(str, values))}"


def _workload(measurement: Measurement, size: str) -> dict[str, str]:
    drawn = measurement.workload
    prompts = drawn.get("prompts")
    aspects = {
        "model": measurement.model,
        "size": size,
        "steps": f"{drawn['num_inference_steps']} steps" if "num_inference_steps" in drawn else "",
        "guidance": f"guidance {drawn['guidance_scale']}" if "guidance_scale" in drawn else "",
        "seeds": _listed("seed", drawn.get("seeds")),
        "prompts": " | ".join(map(str, prompts)) if isinstance(prompts, list | tuple) else "",
        "machine": measurement.environment.machine_key,
    }
    return {aspect: text for aspect, text in aspects.items() if text}
