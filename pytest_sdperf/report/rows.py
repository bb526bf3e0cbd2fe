"""The rows of the summary table as values, one a case and size; what was proven; the speed-up over fp32."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_sdperf.claims import CLAIM_KINDS, CheckedClaim
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.variant import REFERENCE_VARIANT
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import plural


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
    "memory of its own at most, without its libraries' pages where they are known"
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
    fails = verdict.status is Status.INCONCLUSIVE and not verdict.passed  # else it only warns
    return verdict.status.value + (" (fails)" if fails else "")


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


def proven(verdict: Verdict | None) -> list[str]:
    """Every claim that was checked, shortly: broken ones first, as `not …`, then the most telling.

    Of the settings only the number is given: they are many and alike.
    """
    proof = verdict.proof if verdict else None
    # A claim that is made twice is one.
    claims = list({one.name: one for one in proof.claims}.values()) if proof else []
    broken = [f"not {_words(one, with_share=False)}" for one in claims if not one.holds]
    kept = sorted((one for one in claims if one.holds), key=_rank)
    words = [_words(one, with_share=True) for one in kept if not _is_setting(one)]
    return [*broken, *dict.fromkeys(words), *_settings([one for one in kept if _is_setting(one)])]


def _rank(claim: CheckedClaim) -> int:
    return list(CLAIM_KINDS).index(claim.kind) if claim.kind in CLAIM_KINDS else len(CLAIM_KINDS)


def _words(claim: CheckedClaim, *, with_share: bool) -> str:
    known = CLAIM_KINDS.get(claim.kind)
    if with_share and known is not None and known.shows_share and claim.share is not None:
        # Rounded down: 99.96 % is not the whole time.
        return f"{claim.want} {int(claim.share * 100 + 1e-9)} %"
    return (known.word if known else "") or claim.want or claim.kind


def _is_setting(claim: CheckedClaim) -> bool:
    kind = CLAIM_KINDS.get(claim.kind)
    return kind is not None and kind.is_setting


def _settings(claims: Sequence[CheckedClaim]) -> list[str]:
    return [plural(len(claims), "setting")] if claims else []


def workload_key(measurement: Measurement, size: str) -> str:
    """A text that is equal where two latencies may be compared: model, weights, size and what is drawn.

    ``sizes`` itself is left out: a case that draws more sizes than another still compares at each.
    """
    drawn = sorted((k, _frozen(v)) for k, v in measurement.workload.items() if k != "sizes")
    return f"{measurement.model} {measurement.model_digest} {size} {drawn!r}"


def fp32_latencies(measurements: Iterable[Measurement]) -> dict[str, float]:
    """``Report.fp32_latency_s`` of these measurements: workload key -> median latency of fp32, s.

    Where fp32 was measured twice on one workload, the first counts.
    """
    found: dict[str, float] = {}
    for m in measurements:
        if m.variant == REFERENCE_VARIANT:
            for size in m.sizes:
                found.setdefault(workload_key(m, size), m.latency_at(size).median_s)
    return found


def speed_up(report: Report, measurement: Measurement, size: str) -> float | None:
    """How many times shorter than fp32 this latency is; None where fp32 was not measured on this workload."""
    fp32_s = report.fp32_latency_s.get(workload_key(measurement, size))
    median_s = measurement.latency_at(size).median_s
    return None if fp32_s is None or median_s <= 0 else fp32_s / median_s


def _frozen(value: Any) -> Any:
    """Lists as tuples: a workload read from a file is equal to the one that was written."""
    return tuple(_frozen(v) for v in value) if isinstance(value, (list, tuple)) else value
