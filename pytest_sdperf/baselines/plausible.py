"""Samples that no clock gives: none, zero or negative times, NaN, other sizes in other processes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pytest_sdperf.measurement import ImageTiming, Measurement, ProcessRun


def implausible(measurement: Measurement) -> str | None:
    """What must keep a measurement from being stored or trusted, as a sentence; None where nothing does."""
    return next(_faults(measurement), None)


def _faults(measurement: Measurement) -> Iterator[str]:
    if not measurement.processes:
        yield "there are no processes"
    sizes = {size for first in measurement.processes[:1] for size in first.images}
    for number, process in enumerate(measurement.processes):
        if not process.images or set(process.images) != sizes:
            yield f"process {number} drew sizes {sorted(process.images)}, not {sorted(sizes) or 'any'}"
        yield from (f"process {number} has {fault}" for fault in _process_faults(process))
    for kernel in measurement.evidence.kernels:
        if not math.isfinite(kernel.time_ms) or kernel.time_ms < 0 or kernel.calls < 0:
            yield f"kernel {kernel.implementation} has time {kernel.time_ms} ms in {kernel.calls} calls"
    for name, value in measurement.workload.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f"the workload's {name} is {value}"


def _process_faults(process: ProcessRun) -> Iterator[str]:
    if process.peak_rss_bytes <= 0:
        yield f"peak_rss_bytes {process.peak_rss_bytes}"
    elif not 0 <= (process.library_rss_bytes or 0) < process.peak_rss_bytes:
        yield f"library_rss_bytes {process.library_rss_bytes} of peak_rss_bytes {process.peak_rss_bytes}"
    for size, timings in process.images.items():
        if not timings:
            yield f"no samples at {size}"
        yield from (f"{fault} at {size}" for timing in timings for fault in _sample_faults(timing))
    around = [*process.startup_ns.values(), *(ns for dropped in process.warmup_ns.values() for ns in dropped)]
    if min(around, default=0) < 0:
        yield f"the start-up or warm-up time {min(around)} ns"


def _sample_faults(timing: ImageTiming) -> Iterator[str]:
    if timing.total_ns <= 0:
        yield f"the sample {timing.total_ns} ns"
    least = min((ns for calls in timing.stages_ns.values() for ns in calls), default=0)
    if least < 0:
        yield f"the stage time {least} ns"
