"""Pictures as data: whether one is valid at all, and how close two are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.floating]

SSIM_WINDOW = 7
"""Side of SSIM's window in pixels: scikit-image's default, and smaller than the smallest workload (8 pixels)."""

GREY_LEVEL = 1 / 255
"""One step of an 8-bit channel. A picture whose every channel spreads less than that (standard deviation
over its pixels) is one colour once it is saved: two of those score SSIM 1, whatever they should have shown.
Real pictures spread tens of such steps."""

_ROUNDING = 1e-6
"""Range checks allow for float32 rounding."""


def picture_fault(picture: Picture, size: tuple[int, int]) -> str | None:
    """The fault that makes ``picture`` invalid, as the end of a sentence; None for a valid one.

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


def _values_fault(picture: Picture) -> str | None:
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


@dataclass(frozen=True)
class Similarity:
    """How close a picture is to its reference."""

    ssim: float
    "structural similarity, mean over a uniform 7x7 window and the colour channels; 1: identical"
    psnr_db: float
    "peak signal-to-noise ratio, dB; inf: identical"


def similarity(reference: Picture, picture: Picture) -> Similarity:
    """SSIM and PSNR of two float pictures of equal shape (H, W, 3) in 0..1, by scikit-image.

    SSIM: Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004, with a uniform window as scikit-image's
    default has it; PSNR = 10 log10(data_range² / mean squared error).
    """
    import numpy as np
    import skimage.metrics

    metrics: Any = skimage.metrics  # ships no complete types
    a, b = reference.astype(np.float64), picture.astype(np.float64)
    if np.array_equal(a, b):
        return Similarity(ssim=1.0, psnr_db=math.inf)
    ssim = metrics.structural_similarity(
        a, b, data_range=1.0, win_size=SSIM_WINDOW, channel_axis=-1, gaussian_weights=False, use_sample_covariance=True
    )
    return Similarity(ssim=float(ssim), psnr_db=float(metrics.peak_signal_noise_ratio(a, b, data_range=1.0)))


def as_8_bit(picture: Picture) -> Picture:
    """The picture as a PNG would keep it: rounded to 255ths, still float in 0..1."""
    import numpy as np

    return np.round(np.clip(picture, 0.0, 1.0).astype(np.float64) * 255) / 255


def own_noise(pictures: Mapping[str, Picture], others: Mapping[str, Sequence[Picture]]) -> Similarity | None:
    """The worst similarity of a variant's own pictures of one key; None where all repeat, or one is not valid.

    ``others``: by picture key, the pictures that were not the same to the bit as that of ``pictures``.
    """
    pairs = [(pictures[key], other) for key, found in others.items() for other in found]
    if not pairs or any(_is_invalid(picture) for pair in pairs for picture in pair):
        return None
    scores = [similarity(one, other) for one, other in pairs]
    return Similarity(ssim=min(s.ssim for s in scores), psnr_db=min(s.psnr_db for s in scores))


def _is_invalid(picture: Picture) -> bool:
    height, width = picture.shape[:2] if picture.ndim == 3 else (0, 0)
    return picture_fault(picture, (height, width)) is not None
