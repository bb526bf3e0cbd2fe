"""Compare two traces of one picture: stage by stage on the same inputs, and the latents step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_sdperf.measurement import StageParity
from pytest_sdperf.worker.trace import DECODED, LATENTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating]


def compare_stages(reference: Mapping[str, Array], own: Mapping[str, Array], *, reference_name: str) -> StageParity:
    """Parity of arrays of ``worker.trace.follow``: the reference's, and a variant's that got the reference's inputs."""
    stages = [key.removesuffix("/out") for key in reference if key.endswith("/out")]
    comparable = [stage for stage in stages if _shapes(reference, stage) == _shapes(own, stage)]
    by_stage = {stage: psnr_db(reference[f"{stage}/out"], own[f"{stage}/out"]) for stage in comparable}
    before_calls = zip(reference.get(LATENTS, ()), own.get(LATENTS, ()), strict=False)
    drift = [psnr_db(a, b) for a, b in before_calls]
    if DECODED in reference and DECODED in own:
        drift.append(psnr_db(reference[DECODED], own[DECODED]))
    return StageParity(
        reference=reference_name,
        stage_psnr_db={stage: _finite(db) for stage, db in by_stage.items()},
        drift_db=[_finite(db) for db in drift],
        not_compared=[stage for stage in stages if stage not in comparable],
    )


def psnr_db(reference: Array, own: Array) -> float:
    """Peak signal-to-noise ratio, dB: 20 log10(largest minus smallest value of the reference / root mean square error).

    Infinite for equal arrays; 0 where they cannot be compared: of another shape, or not finite.
    """
    import numpy as np

    if own.shape != reference.shape:
        return 0.0
    a, b = reference.astype(np.float64), own.astype(np.float64)
    error = math.sqrt(float(np.mean((a - b) ** 2)))
    if error == 0:
        return math.inf
    decibel = 20 * math.log10(float(np.ptp(a)) / error) if math.isfinite(error) and np.ptp(a) > 0 else 0.0
    return max(0.0, decibel)


def _shapes(trace: Mapping[str, Array], stage: str) -> dict[str, tuple[int, ...]]:
    """Of the stage's inputs and its output: where they differ, the stage was not given the reference's inputs."""
    return {key: array.shape for key, array in trace.items() if key.startswith(f"{stage}/")}


def _finite(decibel: float) -> float | None:
    """JSON has no infinity: None stands for equal arrays."""
    return None if math.isinf(decibel) else round(decibel, 3)
