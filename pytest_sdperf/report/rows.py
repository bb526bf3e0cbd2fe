"""The rows of the summary table as values, one a case and size; the speed-up over fp32."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.failures import error_name, error_words
from pytest_sdperf.report.finding_text import figures
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.variant import REFERENCE_VARIANT
from pytest_sdperf.verdict.status import WARNING, Status


@dataclass(frozen=True)
class Row:
    """One case at one size."""

    variant: str
    workload: dict[str, str]
    "what is drawn, by aspect: model, size, steps, guidance, seeds, prompts, machine"
    median_s: float | None
    "median of the processes' median latencies, s; None where nothing was measured"
    spread: float | None
    "half the range of the processes' medians over their median; None for one process: it shows no spread"
    speed_up: float | None
    "times shorter than fp32 on this workload; None where fp32 was not measured"
    unet_call_s: float | None
    "s; None where no stage is called unet"
    figures: dict[str, Any]
    "what the kinds of findings show of the case (`Figure`), by name; None where it is not known; empty for an error"
    status: Status | None
    "None where the case was not judged"
    verdict: str
    "the status in words, with what it leads to"
    is_error: bool = False
    "there is no verdict because of an error"


def rows(report: Report) -> list[Row]:
    """The rows in the order of the outcomes and of each one's sizes, then one for each error."""
    measured = [_row(report, outcome, size) for outcome in report.outcomes for size in outcome.measurement.sizes]
    return measured + [_error_row(error) for error in report.errors]


def _row(report: Report, outcome: Outcome, size: str) -> Row:
    measurement = outcome.measurement
    latency = measurement.latency_at(size)
    many = len(latency.process_medians_s) > 1 and latency.median_s > 0
    return Row(
        variant=measurement.variant,
        workload=_workload(measurement, size),
        median_s=latency.median_s,
        spread=latency.spread if many else None,
        speed_up=speed_up(report, measurement, size),
        unet_call_s=measurement.unet_call_s_at(size),
        figures={figure.name: figure.of(outcome) for figure in figures()},
        status=None if outcome.verdict is None else outcome.verdict.status,
        verdict=verdict_words(outcome),
        is_error=bool(outcome.error),
    )


def _error_row(error: ErrorOutcome) -> Row:
    return Row(
        variant=error_name(error),
        workload={},
        median_s=None,
        spread=None,
        speed_up=None,
        unet_call_s=None,
        figures={},
        status=None,
        verdict=error_words(error),
        is_error=True,
    )


def verdict_words(outcome: Outcome) -> str:
    """``REGRESSED``, ``REGRESSED (not gated)``, ``PASSED (recorded)``, ``INCONCLUSIVE (fails)``, ``measured only``."""
    verdict = outcome.verdict
    if outcome.error:
        return "NOT JUDGED (error)"
    if verdict is None:
        return "measured only"
    if outcome.recorded:
        return f"{verdict.status.value} (recorded)"
    if outcome.skip_reason:
        return "SKIPPED (no baseline)"
    if verdict.status in verdict.failing and verdict.passed:
        return f"{verdict.status.value} (not gated)"
    fails = verdict.status in WARNING and not verdict.passed  # else it only warns
    return verdict.status.value + (" (fails)" if fails else "")


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
