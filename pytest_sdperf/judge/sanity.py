"""Is it a picture at all: shape, range, NaN, constant, black; asked before any comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GREY_LEVEL = 1 / 255
"""One step of an 8-bit channel. A picture whose every channel spreads less than that (standard deviation
over its pixels) is one colour once it is saved: two of those score SSIM 1, whatever they should have shown.
Real pictures spread tens of such steps."""

_ROUNDING = 1e-6
"""Range checks allow for float32 rounding."""


def picture_fault(picture: NDArray[np.floating], size: tuple[int, int]) -> str | None:
    """What makes ``picture`` no picture, as the end of a sentence; None for a sane one.

    ``picture`` should be float of shape (height, width, 3) in 0..1 with ``size`` = (height, width).
    """
    import numpy as np

    expected = (*size, 3)
    if picture.shape != expected:
        return f"has shape {_shape(picture.shape)}, not {_shape(expected)}"
    if not np.issubdtype(picture.dtype, np.floating):
        return f"has dtype {picture.dtype}, not float in 0 to 1"
    wrong = int(np.count_nonzero(~np.isfinite(picture)))
    if wrong:
        nan = int(np.count_nonzero(np.isnan(picture)))
        return f"has {nan} NaN and {wrong - nan} infinite values of {picture.size}"
    return _values_fault(picture)


def _values_fault(picture: NDArray[np.floating]) -> str | None:
    low, high = float(picture.min()), float(picture.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        return f"has values from {low:.4g} to {high:.4g} (limit 0 to 1)"
    if high < GREY_LEVEL:
        return f"is all black (brightest value {high:.4g}, limit {GREY_LEVEL:.4f})"
    spread = float(picture.std(axis=(0, 1), dtype="float64").max())
    if spread < GREY_LEVEL:
        return f"is constant (spreads {spread:.4g} around its mean, limit {GREY_LEVEL:.4f}, one 8-bit step)"
    return None


def _shape(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
