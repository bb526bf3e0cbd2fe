"""Words for figures: a measured value is never rounded onto the limit that it missed."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import islice


def apart(value: float, limit: float, decimals: int) -> str:
    """``value`` with ``decimals`` places, or as many more as it takes to read differently from ``limit``.

    0.97996 next to a limit of 0.98 reads ``0.97996``, not ``0.9800``. Equal values are left alone.
    """
    for places in range(decimals, decimals + 7):
        text = f"{value:.{places}f}"
        if value == limit or text != f"{limit:.{places}f}":
            return text
    return repr(value)


def share_apart(share: float, limit: float) -> str:
    """A share in per cent, one decimal or as many as make it differ from the limit: 0.0912 -> ``9.1 %``."""
    return f"{apart(share * 100, limit * 100, 1)} %"


def plain_share(share: float) -> str:
    """A share in per cent without needless zeros: 0.05 -> ``5 %``, 0.125 -> ``12.5 %``; from 10 on as a factor."""
    if not math.isfinite(share):
        return "any size"
    return f"{share * 100:.3g} %" if abs(share) < 9.995 else f"{share + 1:.3g}x"


def share(part: float, decimals: int = 1) -> str:
    """A share in per cent with so many decimals, for columns: 0.0525 -> ``5.2 %``."""
    return f"{part * 100:.{decimals}f} %"


def plural(count: int, noun: str, ending: str = "s") -> str:
    """``1 claim``, ``2 claims``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{ending}"


def listed(items: Collection[object], most: int = 3) -> str:
    """``a, b, c and 2 more``: the first ``most`` of several, for a sentence."""
    shown = ", ".join(map(str, islice(items, most)))
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
