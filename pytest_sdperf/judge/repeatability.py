"""How far a variant's pictures of one prompt and seed are apart, and limits that allow for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_sdperf.judge.picture import Similarity, similarity
from pytest_sdperf.judge.sanity import picture_fault
from pytest_sdperf.options import Thresholds

if TYPE_CHECKING:
    from pytest_sdperf.judge.picture import Picture


def own_noise(pictures: Mapping[str, Picture], others: Mapping[str, Sequence[Picture]]) -> Similarity | None:
    """The worst likeness of a variant's own pictures of one key; None where all repeat, or one is no picture.

    ``others``: by picture key, the pictures that were not the same to the bit as that of ``pictures``.
    """
    pairs = [(pictures[key], other) for key, found in others.items() for other in found]
    if not pairs or any(_insane(picture) for pair in pairs for picture in pair):
        return None
    scores = [similarity(one, other) for one, other in pairs]
    return Similarity(ssim=min(s.ssim for s in scores), psnr_db=min(s.psnr_db for s in scores))


def allowing(thresholds: Thresholds, noise: Similarity | None) -> Thresholds:
    """Limits that a sound variant with this noise can keep: its noise is added to the error that they allow.

    Errors add as mean squares, so PSNR's limit L and the noise N (both dB) give
    -10 log10(10^(-L/10) + 10^(-N/10)); SSIM's limit falls by what the noise takes from 1.
    """
    if noise is None:
        return thresholds
    squares = 10 ** (-thresholds.min_psnr / 10) + 10 ** (-noise.psnr_db / 10)
    return thresholds._replace(
        min_ssim=max(0.0, thresholds.min_ssim - (1 - noise.ssim)), min_psnr=max(0.0, -10 * math.log10(squares))
    )


def _insane(picture: Picture) -> bool:
    height, width = picture.shape[:2] if picture.ndim == 3 else (0, 0)
    return picture_fault(picture, (height, width)) is not None
