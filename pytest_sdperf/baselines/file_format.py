"""The baseline file: one case's recorded runs as JSON, headline first, raw samples after; read with distrust."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NoReturn

import msgspec

from pytest_sdperf.baseline import Baseline, RecordedRun, other_work
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measurement import ImageTiming, Measurement, ProcessRun
from pytest_sdperf.program import Program
from pytest_sdperf.texts import repeated_key

FORMAT = "pytest-sdperf baseline"

FORMAT_VERSION = 5
"""Version of the file's shape. Any other is refused: a case is recorded again in one run.

History:
5 (2026-11): no `stage_parity`: pictures are followed link by link, which belongs to a run and not to its baseline.
4 (2026-11): the program and the revision that each run was recorded of.
3 (2026-11): a measurement's `stage_parity` with `stage_psnr_db` takes the place of other names.
2 (2026-11): several runs (`jobs`), newest last, each with the time it was recorded at, and a headline for each; the
  libraries' pages next to the peak memory.
1 (2026-11): first. headline (derived, checked on reading), then the Measurement with its raw samples.
"""

_TIME = "%Y-%m-%dT%H:%M:%SZ"
"""ISO 8601 in UTC, to the second."""

_CURE = "Delete the file and record it again with `pytest --sdperf --sdperf-update=new`."


_ONE_LINE = ("total_ns", "implementation", "median_s")
"""A dict with one of these keys is one sample or figure, and stays on one line however long it is."""


class _Stamp(msgspec.Struct, frozen=True):
    """Fields that every version has; read first, so that another version is named and not misread."""

    format: str
    format_version: int


class _RawRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recorded_at: str
    measurement: dict[str, Any]
    program: Program | None = None
    revision: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    format_version: int
    case_id: str
    machine_key: str
    headline: list[dict[str, Any]]
    jobs: list[_RawRun]


def time_text(moment: datetime) -> str:
    """A moment (aware of its zone) as ``RecordedRun.recorded_at`` has it: ``2026-11-24T12:00:00Z``."""
    return moment.astimezone(timezone.utc).strftime(_TIME)


def encode(stored: Baseline) -> bytes:
    """The file's bytes. Raises BaselineError for runs that must not be stored (NaN, no samples, not of one work)."""
    newest = stored.newest
    case_id, machine_key = newest.case_id, newest.environment.machine_key
    fault = next(_faults(stored), None)
    if fault:
        raise BaselineError(fault, where=f"measurement of {case_id}", cure="This is never stored; measure again.")
    return laid_out(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "case_id": case_id,
            "machine_key": machine_key,
            "headline": [_run_headline(run) for run in stored.runs],
            "jobs": msgspec.to_builtins(stored.runs),
        }
    ).encode()


def decode(data: bytes, *, where: str, case_id: str, machine_key: str) -> Baseline:
    """The recorded runs in a file's bytes, if it is whole, of this version, and of this case and machine.

    ``where`` names the file in errors. Raises BaselineError for anything else.
    """
    stamp = _read(data, _Stamp, where=where)
    try:
        repeated = repeated_key(data)
    except (ValueError, RecursionError) as error:  # in fields that the stamp's reader skips
        raise BaselineError(f"the file is not valid JSON: {error}", where=where, cure=_CURE) from None
    if repeated:
        _refuse(f"an object in the file has {repeated!r} twice: people read the first, the last counts", where=where)
    if stamp.format != FORMAT:
        _refuse(f"the file is a {stamp.format!r}, not a {FORMAT!r}", where=where)
    if stamp.format_version != FORMAT_VERSION:
        raise BaselineError(
            f"the file has format version {stamp.format_version}, and this pytest-sdperf reads {FORMAT_VERSION}",
            where=where,
            cure=f"Use the pytest-sdperf that wrote it. {_CURE}",
        )
    file: _File = _read(data, _File, where=where)
    measurements = [_measurement(run.measurement, f"jobs[{i}].measurement", where) for i, run in enumerate(file.jobs)]
    runs = zip(file.jobs, measurements, strict=True)
    stored = Baseline([RecordedRun(raw.recorded_at, m, raw.program, raw.revision) for raw, m in runs])
    for name, inside, here in (
        ("case", {file.case_id, *(m.case_id for m in measurements)}, case_id),
        ("machine", {file.machine_key, *(m.environment.machine_key for m in measurements)}, machine_key),
    ):
        if inside != {here}:
            _refuse(f"the file is of {name} {', '.join(sorted(inside))}, but lies where {here} belongs", where=where)
    fault = next(_faults(stored), None)
    if fault:
        _refuse(fault, where=where)
    if file.headline != [_run_headline(run) for run in stored.runs]:
        _refuse("the headline does not agree with the samples below it, so one of them was edited", where=where)
    return stored


def headline(measurement: Measurement) -> dict[str, Any]:
    """Figures that a reviewer looks at, rounded to three or four figures; derived from the samples, never trusted."""
    sizes: dict[str, dict[str, float]] = {}
    for size in measurement.sizes:
        latency = measurement.latency_at(size)
        sizes[size] = {"median_s": _rounded(latency.median_s, 4), "spread": _rounded(latency.spread, 2)}
        sizes[size].update({f"{n}_s": _rounded(s, 3) for n, s in measurement.stages_s(size).items()})
    own = measurement.peak_own_bytes
    return {
        "processes": len(measurement.processes),
        "peak_rss_mib": round(measurement.peak_rss_bytes / 2**20),
        **({} if own is None else {"peak_own_mib": round(own / 2**20)}),
        "repeatable": measurement.repeatable,
        **sizes,
    }


def _run_headline(run: RecordedRun) -> dict[str, Any]:
    return {"recorded_at": run.recorded_at, **headline(run.measurement)}


def _measurement(raw: dict[str, Any], place: str, where: str) -> Measurement:
    try:
        measurement = msgspec.convert(raw, Measurement)
    except msgspec.ValidationError as error:
        _refuse(f"{place} does not fit its schema: {error}", where=where, cause=error)
    if unknown := _unknown_field(raw, msgspec.to_builtins(measurement)):
        _refuse(f"unknown field {place}{unknown}", where=where)
    return measurement


def _faults(stored: Baseline) -> Iterator[str]:
    """Faults that must keep these runs from being stored or trusted, as sentences."""
    if not stored.runs:
        yield "there are no recorded runs"
    for i, run in enumerate(stored.runs):
        fault = implausible(run.measurement)
        if fault:
            yield f"jobs[{i}]: {fault}"
        if not _is_time(run.recorded_at):
            yield f"jobs[{i}] was recorded at {run.recorded_at!r}, which is not a time like 2026-11-24T12:00:00Z"
        difference = other_work(stored.runs[0].measurement, run.measurement)
        if difference:
            yield f"jobs[{i}] does not belong to jobs[0], which was measured with {difference}"
        elif not fault and (drew := {*run.measurement.sizes}) ^ {*stored.runs[0].measurement.sizes}:
            yield f"jobs[{i}] drew the sizes {', '.join(sorted(drew))}, and jobs[0] others"


def _is_time(text: str) -> bool:
    """True for what :func:`time_text` writes."""
    try:
        return datetime.strptime(text, _TIME).strftime(_TIME) == text  # noqa: DTZ007 - the Z is in the form
    except ValueError:
        return False


def _rounded(value: float, figures: int) -> float:
    return float(f"{value:.{figures}g}")


def _read(data: bytes, kind: type[Any], *, where: str) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _refuse(f"the file is truncated or no valid baseline: {error}", where=where, cause=error)


def _refuse(what: str, *, where: str, cause: Exception | None = None) -> NoReturn:
    raise BaselineError(what, where=where, cure=_CURE) from cause


def _unknown_field(given: object, known: object) -> str:
    """The path of the first field that the schema dropped (``.a[0].b``), empty where it took everything."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        if extra := [f".{name}" for name in given if name not in known]:
            return extra[0]
        for name, value in given.items():
            if found := _unknown_field(value, known[name]):
                return f".{name}{found}"
    elif isinstance(given, list) and isinstance(known, list):
        for i, (one, other) in enumerate(zip(given, known, strict=True)):
            if found := _unknown_field(one, other):
                return f"[{i}]{found}"
    return ""


def laid_out(value: object, indent: int = 0) -> str:
    """``value`` (dicts, lists, plain values) as JSON text; NaN and infinity raise ValueError.

    Dicts put each entry on a line of its own; lists of plain values, and dicts that are one sample,
    stay on one. The outermost call ends in a newline.
    """
    end = "\n" if indent == 0 else ""
    if not isinstance(value, (dict, list)) or not value or _fits_one_line(value):
        return _plain(value) + end
    inner = "  " * (indent + 1)
    if isinstance(value, dict):
        lines = [f"{inner}{_plain(key)}: {laid_out(entry, indent + 1)}" for key, entry in value.items()]
    else:
        lines = [f"{inner}{laid_out(entry, indent + 1)}" for entry in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{'  ' * indent}{closing}{end}"


def _fits_one_line(value: dict[str, object] | list[object]) -> bool:
    if isinstance(value, dict):
        return any(key in value for key in _ONE_LINE)
    return not any(isinstance(entry, (dict, list)) for entry in value)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def implausible(measurement: Measurement) -> str | None:
    """The fault that must keep a measurement from being stored or trusted, as a sentence; None where it has none."""
    return next(_measurement_faults(measurement), None)


def _measurement_faults(measurement: Measurement) -> Iterator[str]:
    if not measurement.processes:
        yield "there are no processes"
    sizes = {size for first in measurement.processes[:1] for size in first.images}
    for number, process in enumerate(measurement.processes):
        if not process.images or set(process.images) != sizes:
            yield f"process {number} drew sizes {sorted(process.images)}, not {sorted(sizes) or 'any'}"
        yield from (f"process {number} has {fault}" for fault in _process_measurement_faults(process))
    for kernel in measurement.evidence.kernels:
        if not math.isfinite(kernel.time_ms) or kernel.time_ms < 0 or kernel.calls < 0:
            yield f"kernel {kernel.implementation} has time {kernel.time_ms} ms in {kernel.calls} calls"
    for name, value in measurement.workload.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f"the workload's {name} is {value}"


def _process_measurement_faults(process: ProcessRun) -> Iterator[str]:
    if process.peak_rss_bytes <= 0:
        yield f"peak_rss_bytes {process.peak_rss_bytes}"
    elif not 0 <= (process.library_rss_bytes or 0) < process.peak_rss_bytes:
        yield f"library_rss_bytes {process.library_rss_bytes} of peak_rss_bytes {process.peak_rss_bytes}"
    for size, timings in process.images.items():
        if not timings:
            yield f"no samples at {size}"
        yield from (f"{fault} at {size}" for timing in timings for fault in _sample_measurement_faults(timing))
    around = [*process.startup_ns.values(), *(ns for dropped in process.warmup_ns.values() for ns in dropped)]
    if min(around, default=0) < 0:
        yield f"the start-up or warm-up time {min(around)} ns"


def _sample_measurement_faults(timing: ImageTiming) -> Iterator[str]:
    if timing.total_ns <= 0:
        yield f"the sample {timing.total_ns} ns"
    least = min((ns for calls in timing.stages_ns.values() for ns in calls), default=0)
    if least < 0:
        yield f"the stage time {least} ns"
