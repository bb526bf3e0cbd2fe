"""Read quantities the way people write them: ``5%``, ``1.5x``, ``20ms``, ``16GiB``, ``40dB``."""

from __future__ import annotations

import math
import re

from pytest_sdperf.errors import OptionError

_NUMBER = r"\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[A-Za-z%]*)\s*"

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {
    "B": 1,
    **{f"{p}B": 1000**i for i, p in enumerate("kMGT", 1)},
    **{f"{p}iB": 1024**i for i, p in enumerate("KMGT", 1)},
}


def _split(value: object, *, where: str, example: str) -> tuple[float, str]:
    """Split ``value`` into a finite, non-negative number and its unit; OptionError otherwise."""
    cure = f"Write it like {example}"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise OptionError(f"{value!r} is not a quantity", where=where, cure=f"{cure}.")
    match = re.fullmatch(_NUMBER, str(value))  # compiled when needed: every pytest run imports this module
    if match is None:
        raise OptionError(f"{value!r} is not a quantity", where=where, cure=f"{cure}.")
    number = float(match["number"])
    if not math.isfinite(number) or number < 0:
        raise OptionError(f"{value!r} is out of range", where=where, cure=f"{cure}, 0 or more.")
    return number, match["unit"]


def _scaled(value: object, units: dict[str, float], *, where: str, example: str) -> float:
    number, unit = _split(value, where=where, example=example)
    if unit not in units:
        known = ", ".join(name for name in units if name) or "none"
        raise OptionError(
            f"{value!r} has the unknown unit {unit!r}" if unit else f"{value!r} has no unit",
            where=where,
            cure=f"Write it like {example} (units: {known}).",
        )
    return number * units[unit]


def parse_share(value: object, *, where: str) -> float:
    """``"5%"`` or ``0.05`` -> 0.05. Raises OptionError for anything else, negatives and NaN.

    A bare number above 1 is refused: who writes 5 means 5 %, and would get 500 %.
    """
    share = _scaled(value, {"%": 0.01, "": 1.0}, where=where, example='"5%" or 0.05')
    if share > 1 and not str(value).rstrip().endswith("%"):
        raise OptionError(f"{value!r} is above 1 and has no unit", where=where, cure='Write it like "5%" or 0.05.')
    return share


def parse_factor(value: object, *, where: str) -> float:
    """``"1.5x"`` or ``1.5`` -> 1.5. Raises OptionError for anything else, 0, negatives and NaN."""
    factor = _scaled(value, {"x": 1.0, "": 1.0}, where=where, example='"1.5x" or 1.5')
    if factor == 0:
        raise OptionError(f"{value!r} is out of range", where=where, cure="A factor is above 0.")
    return factor


def parse_seconds(value: object, *, where: str) -> float:
    """``"20ms"``, ``"10m"`` or a bare number of seconds -> seconds (float)."""
    return _scaled(value, {**_SECONDS, "": 1.0}, where=where, example='"20ms", "90s" or "10m"')


def parse_bytes(value: object, *, where: str) -> int:
    """``"16GiB"`` or ``"800MB"`` -> bytes (int). A bare number is refused: its unit is a guess."""
    return int(_scaled(value, dict(_BYTES), where=where, example='"16GiB" or "800MB"'))


def parse_decibel(value: object, *, where: str) -> float:
    """``"40dB"`` or ``40`` -> 40.0 (dB)."""
    return _scaled(value, {"dB": 1.0, "": 1.0}, where=where, example='"40dB" or 40')


def parse_similarity(value: object, *, where: str) -> float:
    """An SSIM limit: a bare number from 0 to 1."""
    number, unit = _split(value, where=where, example="0.97")
    if unit or number > 1:
        raise OptionError(f"{value!r} is not an SSIM limit", where=where, cure="Write a number from 0 to 1, like 0.97.")
    return number


def parse_count(value: object, *, where: str) -> int:
    """A whole number of at least 1."""
    number, unit = _split(value, where=where, example="3")
    if unit or number != int(number) or number < 1:
        raise OptionError(f"{value!r} is not a count", where=where, cure="Write a whole number of at least 1.")
    return int(number)


def format_share(share: float) -> str:
    """0.0525 -> ``+5.2 %``: signed, for changes; what rounds to nothing is ``+0.0 %`` on either side."""
    return f"{round(share * 100, 1) + 0.0:+.1f} %"


_ROUNDS_UP = 0.9995
"""Of 1000, from which on three significant figures are four digits."""


def format_seconds(seconds: float) -> str:
    """A duration in three significant figures and the unit that suits it."""
    for limit, scale, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")):
        if abs(seconds) < limit * _ROUNDS_UP:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s" if abs(seconds) < 1000 * _ROUNDS_UP else f"{seconds:.0f} s"


def format_bytes(count: float) -> str:
    """Bytes in binary units: ``5.2 GiB``."""
    for unit in ("B", "KiB", "MiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
