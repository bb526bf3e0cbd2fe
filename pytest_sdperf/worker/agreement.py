"""How far two arrays agree: PSNR, and the errors that do not average out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating]


def psnr_db(reference: Array, own: Array) -> float | None:
    """Peak signal-to-noise ratio, dB: 20 log10(largest minus smallest value of the reference / root mean square error).

    None for equal arrays; 0 where they cannot be compared (of another shape, or not finite), and where the error is
    larger than the peak. A reference of one value only has its own size, or 1, for a peak.
    """
    import numpy as np

    if own.shape != reference.shape:
        return 0.0
    a, b = reference.astype(np.float64), own.astype(np.float64)
    error = math.sqrt(float(np.mean((a - b) ** 2))) if a.size else 0.0
    if error == 0:
        return None
    peak = float(np.ptp(a)) or float(np.max(np.abs(a))) or 1.0
    if not math.isfinite(error) or not math.isfinite(peak):
        return 0.0
    return round(max(0.0, 20 * math.log10(peak / error)), 3)


def worst(values_db: list[float | None]) -> float | None:
    """The smallest; None: all are equal."""
    return min((db for db in values_db if db is not None), default=None)


def gain(reference: Array, own: Array) -> float:
    """Projection of ``own`` on ``reference``, less 1. Rounding averages out in it; 0 where there is nothing to compare.

    Not finite values give 0: PSNR says what is to be said of them.
    """
    import numpy as np

    a, b = reference.astype(np.float64).ravel(), own.astype(np.float64).ravel()
    square = float(a @ a) if a.shape == b.shape else 0.0
    found = float(b @ a) / square - 1 if square else 0.0
    return found if math.isfinite(found) else 0.0


def mean_error(reference: Array, own: Array) -> float:
    """Mean of the difference over the reference's standard deviation; 0 where there is nothing to compare."""
    import numpy as np

    if reference.shape != own.shape:
        return 0.0
    a, b = reference.astype(np.float64), own.astype(np.float64)
    deviation = float(a.std()) if a.size else 0.0
    found = float((b - a).mean()) / deviation if deviation else 0.0
    return found if math.isfinite(found) else 0.0
