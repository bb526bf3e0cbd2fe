"""Whole pictures against the reference's."""

from __future__ import annotations

import math

import msgspec

from pytest_sdperf.verdict.status import Finding
from pytest_sdperf.workload import size_of_picture


class PictureScore(msgspec.Struct, frozen=True, kw_only=True):
    """One picture, judged."""

    key: str
    "size, height first, and number of the prompt and seed: `512x512/0`"
    prompt: str
    seed: int
    fault: str = ""
    "what makes it no valid picture, as the end of a sentence; empty: it is one"
    reference_fault: str = ""
    "the same of the reference"
    ssim: float | None = None
    "1: identical; None: not compared"
    psnr_db: float | None = None
    "infinite: identical; None: not compared"
    is_unstored: bool = False
    "True where it is compared with stored pictures, and none is stored of this one"

    @property
    def size(self) -> str:
        """`512x512`."""
        return size_of_picture(self.key)


class PictureFinding(Finding, frozen=True, kw_only=True, tag="picture"):
    """The pictures: valid, and as close to the reference as promised; the worst decides."""

    part = "picture"
    pictures: list[PictureScore]
    reference: str = ""
    "what they are to be compared with: `fp32`, `its own stored picture`; empty: nothing"
    is_from_base: bool = False
    "True where the reference is the base's picture"
    is_reference: bool = False
    "True where they are what others are compared with"
    identical_to: str = ""
    "label of the base that is the same program, so that no comparison is needed; empty: none is known to be"
    is_eight_bit: bool = False
    "True where both sides were rounded to 8 bits, because the reference is stored so"
    min_ssim: float
    "limits"
    min_psnr_db: float
    is_repeatable: bool = True
    "True where the same prompt, seed and size gave the same picture to the bit"
    own_ssim: float | None = None
    "between pictures of its own that differ, the smallest; None: they repeat, or one is not valid"
    own_psnr_db: float | None = None
    is_too_noisy: bool = False
    "True where these take up half of the error that the limits allow: nothing can be judged"
    ssim_window: int = 7
    "side of SSIM's window, pixels; SSIM values of other settings do not compare"
    ssim_weights: str = "uniform"
    data_range: float = 1.0
    base_label: str = ""
    "of a base with another model, whose pictures do not compare with these; empty: there is none"
    base: PictureFinding | None = None
    "the same for the base's pictures, with the reference of its own model; None: nothing was compared"
    base_unjudged_because: str = ""
    "why nothing was compared though the base's variant has a reference, as a clause"

    @property
    def compared(self) -> list[PictureScore]:
        """The pictures that have a score."""
        return [one for one in self.pictures if one.ssim is not None]

    @property
    def worst_ssim(self) -> PictureScore | None:
        """The picture with the smallest SSIM; None: none was compared."""
        return min(self.compared, key=lambda one: one.ssim or 0.0, default=None)

    @property
    def worst_psnr(self) -> PictureScore | None:
        """The picture with the smallest PSNR; None: none was compared."""
        return min(self.compared, key=lambda one: math.inf if one.psnr_db is None else one.psnr_db, default=None)

    @property
    def decides(self) -> PictureScore | None:
        """The picture to show first: by PSNR where every SSIM is within its limit, else by SSIM."""
        by_ssim = self.worst_ssim
        return by_ssim if by_ssim and (by_ssim.ssim or 0.0) < self.min_ssim else self.worst_psnr
