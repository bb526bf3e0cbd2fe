"""Which latencies may be divided by each other: same model, size and workload, in the same session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.model import Report
from pytest_sdperf.variant import REFERENCE_VARIANT


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
