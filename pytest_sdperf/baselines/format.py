"""The baseline file: one case as JSON, headline figures first, raw samples after; read with distrust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from pytest_sdperf.baselines.layout import laid_out
from pytest_sdperf.baselines.plausible import implausible
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measurement import Measurement

FORMAT = "pytest-sdperf baseline"

FORMAT_VERSION = 1
"""Version of the file's shape; any other is refused.

History:
1 (2026-11): first. headline (derived, checked on reading), then the Measurement with its raw samples.
"""

_CURE = "Delete the file and record it again with `pytest --sdperf --sdperf-update=new`."


class _Stamp(msgspec.Struct, frozen=True):
    """What every version has; read first, so that another version is named and not misread."""

    format: str
    format_version: int


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    format_version: int
    case_id: str
    machine_key: str
    headline: dict[str, Any]
    measurement: dict[str, Any]


def encode(measurement: Measurement) -> bytes:
    """The file's bytes. Raises BaselineError for a measurement that must not be stored (NaN, no samples)."""
    where = f"measurement of {measurement.case_id}"
    fault = implausible(measurement)
    if fault:
        raise BaselineError(fault, where=where, cure="This is never stored; measure again.")
    stored = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "case_id": measurement.case_id,
        "machine_key": measurement.environment.machine_key,
        "headline": headline(measurement),
        "measurement": msgspec.to_builtins(measurement),
    }
    return laid_out(stored).encode()


def decode(data: bytes, *, where: str, case_id: str, machine_key: str) -> Measurement:
    """The measurement in a file's bytes, if it is whole, of a known version, and of this case and machine.

    ``where`` names the file in errors. Raises BaselineError for anything else.
    """
    stamp = _read(data, _Stamp, where=where)
    if stamp.format != FORMAT:
        _refuse(f"the file is a {stamp.format!r}, not a {FORMAT!r}", where=where)
    if stamp.format_version != FORMAT_VERSION:
        raise BaselineError(
            f"format version {stamp.format_version} is unknown (known: {FORMAT_VERSION})",
            where=where,
            cure=f"Use the pytest-sdperf that wrote it. {_CURE}",
        )
    stored = _read(data, _Stored, where=where)
    try:
        measurement = msgspec.convert(stored.measurement, Measurement)
    except msgspec.ValidationError as error:
        _refuse(f"the measurement does not fit its schema: {error}", where=where, cause=error)
    unknown = _unknown_fields(stored.measurement, msgspec.to_builtins(measurement), "measurement")
    if unknown:
        _refuse(f"unknown field {unknown}", where=where)
    for name, inside, here in (
        ("case", {stored.case_id, measurement.case_id}, case_id),
        ("machine", {stored.machine_key, measurement.environment.machine_key}, machine_key),
    ):
        if inside != {here}:
            _refuse(f"the file is of {name} {', '.join(sorted(inside))}, but lies where {here} belongs", where=where)
    fault = implausible(measurement)
    if fault:
        _refuse(fault, where=where)
    if stored.headline != headline(measurement):
        _refuse("the headline does not agree with the samples below it, so one of them was edited", where=where)
    return measurement


def headline(measurement: Measurement) -> dict[str, Any]:
    """What a reviewer looks at, rounded to three or four figures; derived from the samples, never trusted."""
    sizes: dict[str, dict[str, float]] = {}
    for size in measurement.sizes:
        latency = measurement.latency_at(size)
        sizes[size] = {"median_s": _rounded(latency.median_s, 4), "spread": _rounded(latency.spread, 2)}
        sizes[size].update({f"{n}_s": _rounded(s, 3) for n, s in measurement.stages_s(size).items()})
    return {
        "processes": len(measurement.processes),
        "peak_rss_mib": round(measurement.peak_rss_bytes / 2**20),
        "repeatable": measurement.repeatable,
        **sizes,
    }


def _rounded(value: float, figures: int) -> float:
    return float(f"{value:.{figures}g}")


def _read(data: bytes, kind: type[Any], *, where: str) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _refuse(f"the file is truncated or no valid baseline: {error}", where=where, cause=error)


def _refuse(what: str, *, where: str, cause: Exception | None = None) -> NoReturn:
    raise BaselineError(what, where=where, cure=_CURE) from cause


def _unknown_fields(given: object, known: object, path: str) -> str | None:
    """The path of the first field that the schema dropped, None where it took everything."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        pairs = [(f"{path}.{name}", value, known.get(name)) for name, value in given.items()]
        extra = next((f"{path}.{name}" for name in given if name not in known), None)
        if extra:
            return extra
    elif isinstance(given, list) and isinstance(known, list):
        pairs = [(f"{path}[{i}]", *both) for i, both in enumerate(zip(given, known, strict=True))]
    else:
        return None
    return next((found for name, a, b in pairs if (found := _unknown_fields(a, b, name))), None)
