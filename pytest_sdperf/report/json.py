"""The report as JSON: everything measured and judged, complete enough to render any other report from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import msgspec

from pytest_sdperf.comparison import Comparison
from pytest_sdperf.errors import ReportError
from pytest_sdperf.measurement import Measurement, ProcessRun
from pytest_sdperf.report.outcome import Report
from pytest_sdperf.report.thumbnails import image_faults
from pytest_sdperf.texts import repeated_key

FORMAT = "pytest-sdperf-report"

FORMAT_VERSION = 6
# History:
# 6 (2026-11): pictures link by link (a finding `chain`), DIVERGED. Never released.
# 5 (2026-11): tests that ended in an error (errors, an outcome's error), tests that did not come to their end.
#   Pictures of new latents among the evidence, pictures that are too far apart to be judged.
#   Models that differ between base and head, with the base's own pictures and stages. Never released.
# 4 (2026-11): a finding is one of eight kinds with fields of its own, not a sentence and figures. Never released.
# 3 (2026-11): small copies of the pictures (outcomes' pictures, images), when the session began, the plugin's version.
# 2 (2026-11): a baseline is a list of jobs; a verdict says what INCONCLUSIVE means, an outcome why jobs were dropped,
#   and what was measured side by side (comparison, control): every pair, raw, and both arms. Never released.
# 1 (2026-11): first version: outcomes (measurement, verdict, baseline), notes, fp32 latencies. Never released.

_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_NON_FINITE_KEY = "non_finite"


def render(report: Report) -> str:
    """The report as one JSON document, ASCII only.

    NaN and infinities, which JSON lacks, are written as ``{"non_finite": "nan"}``: not as null, which means
    "not known", or "not compared". Its schema: ``docs/report.schema.json``.
    """
    document = {"format": FORMAT, "version": FORMAT_VERSION, "report": _finite(msgspec.to_builtins(report))}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read(text: str, *, where: str = "") -> Report:
    """The report that ``render`` wrote; ``where`` names the file in errors.

    Raises ReportError for anything else: not JSON, of another format or version, of the wrong shape.
    """
    try:
        if repeated := repeated_key(text):
            raise ReportError(f"an object in this report has {repeated!r} twice", where=where, cure=_CURE)
        document = json.loads(text, parse_constant=_refuse_constant, object_hook=_restored)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"this report is not valid JSON: {error}", where=where, cure=_CURE) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ReportError("this is not a report of pytest-sdperf", where=where, cure=_CURE)
    version = document.get("version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise ReportError(
            f"this report has format version {version!r}, and this pytest-sdperf reads {FORMAT_VERSION}",
            where=where,
            cure="Read it with the pytest-sdperf that wrote it, or measure again.",
        )
    try:
        report = msgspec.convert(document.get("report"), Report)
    except msgspec.ValidationError as error:
        raise ReportError(f"this report has the wrong shape: {error}", where=where, cure=_CURE) from None
    fault = next(_faults(report), "")
    if fault:
        raise ReportError(fault, where=where, cure=_CURE)
    return report


_CURE = "Write a new one with --sdperf-json=PATH."


def _faults(report: Report) -> Iterator[str]:
    """Faults that the schema cannot express, as sentences."""
    for number, outcome in enumerate(report.outcomes):
        if outcome.baseline is not None and not outcome.baseline.runs:
            yield f"baseline of outcome {number} has no recorded runs"
        stored = [] if outcome.baseline is None else outcome.baseline.measurements
        for role, measurement in (("measurement", outcome.measurement), *(("baseline", run) for run in stored)):
            if fault := _fault(measurement):
                yield f"{role} of outcome {number} {fault}"
        if any(run.sizes != stored[-1].sizes for run in stored):
            yield f"baseline of outcome {number} has recorded runs of different sizes"
        for comparison in (outcome.comparison, outcome.control):
            if comparison is not None and (fault := _pairs_fault(comparison, outcome.measurement)):
                yield f"comparison of outcome {number} {fault}"
        for finding in outcome.verdict.findings if outcome.verdict else []:
            if finding.fault:
                yield f"finding of outcome {number} has {finding.fault}"
    yield from image_faults(report)


def _fault(measurement: Measurement) -> str:
    """Every process drew every size, with a latency above 0; empty: no fault."""
    if not measurement.processes or not measurement.sizes:
        return "has no timed picture"
    return _processes_fault(measurement.processes, measurement.sizes)


def _pairs_fault(comparison: Comparison, measurement: Measurement) -> str:
    """The same of pairs, whose two processes drew in turn."""
    for number, pair in enumerate(comparison.pairs, 1):
        fault = _processes_fault((pair.base, pair.head), measurement.sizes)
        if fault:
            return fault
        if any(len(pair.base.images[size]) != len(pair.head.images[size]) for size in measurement.sizes):
            return f"has a pair, number {number}, whose two processes did not draw equally often"
    return ""


def _processes_fault(processes: Sequence[ProcessRun], sizes: Sequence[str]) -> str:
    for process in processes:
        for size in sizes:
            if not process.images.get(size):
                return f"has a process without a timed picture at {size!r}"
            if any(t.total_ns <= 0 for t in process.images[size]):
                return f"has a latency of 0 ns or less at {size!r}"
    return ""


def _finite(value: Any) -> Any:
    """``value`` with every NaN and infinity replaced by what stands for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_NON_FINITE_KEY: str(value)}
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def _restored(found: dict[str, Any]) -> Any:
    if len(found) == 1 and found.get(_NON_FINITE_KEY) in list(_NON_FINITE):
        return _NON_FINITE[found[_NON_FINITE_KEY]]
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
