"""Colours as (red, green, blue), 0 to 1, in the screen's own scale (sRGB)."""

from __future__ import annotations

RGB = tuple[float, float, float]


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """From ``a`` (share 0) to ``b`` (share 1)."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def dim(colour: RGB, factor: float) -> RGB:
    """Darker for a factor below 1, lighter above; never beyond white."""
    return tuple(min(1.0, x * factor) for x in colour)  # type: ignore[return-value]
