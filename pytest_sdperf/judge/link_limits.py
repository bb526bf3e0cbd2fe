"""How closely a link of a chain must agree, by the precision that a variant computes in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType

from pytest_sdperf.models.families import DECODERS, DENOISERS
from pytest_sdperf.options import Thresholds
from pytest_sdperf.picture_chain import StageLinks

HANDED_ON_DB = 90.0
"""Latents, and the picture made of the decoder's answer: float32 arithmetic on the reference's own values."""


@dataclass(frozen=True)
class PrecisionLimits:
    """Of what stages give, dB.

    Where it is known what rounding to bf16 does to the reference's own call, the limit lies ``…_below_db`` below that:
    it follows the model, the picture and the call. Where it is not, as for a reference without torch modules, it is a
    number for any model. Honest changes of the denoiser agree better the noisier the latents are: at timestep 1 little
    is left to predict. Its number is ``noisy_db`` at the first timestep of the training and falls by ``a_decade_db``
    with each tenth of it.
    """

    conditioning_db: float
    text_db: float
    text_below_db: float
    noisy_db: float
    a_decade_db: float
    denoiser_below_db: float
    decoder_db: float
    decoder_below_db: float
    max_bias: float
    "share of what a stage gives, over all calls and pictures"


BY_PRECISION: Mapping[str, PrecisionLimits] = MappingProxyType(
    {
        "f32": PrecisionLimits(100.0, 100.0, -30.0, 105.0, 8.0, -40.0, 100.0, -40.0, 0.0001),
        "bf16": PrecisionLimits(60.0, 50.0, 14.0, 62.0, 8.0, 4.0, 52.0, 5.0, 0.001),
        "int8_weights": PrecisionLimits(60.0, 46.0, 18.0, 58.0, 8.0, 8.0, 51.0, 8.0, 0.003),
        "int8": PrecisionLimits(60.0, 46.0, 18.0, 36.0, 14.0, 38.0, 50.0, 9.0, 0.05),
    }
)
"""Some 3 dB below the worst honest change of `benchmarks/results/good_from_broken.md`, 20 below it for f32.

In bf16 OpenVINO's denoiser is up to 1.9 dB further off than rounding puts it (48 pictures of the bundled model), and
3.0 on one with random weights; those of PyTorch and IPEX 0.8.
"""

ENOUGH_CALLS = 16
"""From so many calls on a systematic error is judged: over two pictures, a decoder in bf16 was off by 0.13 % of its
spread, and over 24 by 0.01 %."""

_TIMESTEPS = 1000
"""Of the training of every model so far."""


@dataclass(frozen=True)
class LinkLimits:
    """The limits of one case."""

    precision: PrecisionLimits
    stated_db: Mapping[str, float]
    "link -> limit that somebody gave"
    stated_bias: float | None

    @property
    def picture_db(self) -> float:
        return self.stated_db.get("picture", HANDED_ON_DB)

    def at(self, stage: StageLinks, link: str, call: int) -> float:
        """Of one link of a stage's call (from 1), dB."""
        name = stage.stage if link == "output" else link
        if name in self.stated_db:
            return self.stated_db[name]
        if link == "latents":
            return HANDED_ON_DB
        if link == "conditioning":
            return self.precision.conditioning_db
        kind = self.precision
        if stage.stage in DENOISERS:
            for_any_db = kind.noisy_db - kind.a_decade_db * _decades(stage.times, call)
            below_db = kind.denoiser_below_db
        elif stage.stage in DECODERS:
            for_any_db, below_db = kind.decoder_db, kind.decoder_below_db
        else:
            for_any_db, below_db = kind.text_db, kind.text_below_db
        rounded_db = stage.rounding.output_db if stage.rounding else []
        rounding_db = rounded_db[call - 1] if call <= len(rounded_db) else None
        return round(for_any_db if rounding_db is None else rounding_db - below_db, 1)

    def bias(self, stages: Sequence[StageLinks]) -> float:
        """How large a systematic error of one stage may be over all its calls: what rounding does comes on top."""
        if self.stated_bias is not None:
            return self.stated_bias
        rounding = [stage.rounding for stage in stages if stage.rounding]
        if not rounding:
            return self.precision.max_bias
        of_bf16 = max(abs(fmean(one.gain for one in rounding)), abs(fmean(one.mean_error for one in rounding)))
        return self.precision.max_bias + of_bf16


def link_limits(precision: str, thresholds: Thresholds) -> LinkLimits:
    """The limits of a variant that computes in ``precision``."""
    return LinkLimits(BY_PRECISION[precision], thresholds.min_link_psnr, thresholds.max_link_bias)


def _decades(times: Sequence[float], call: int) -> float:
    """How many powers of ten the timestep of a call lies below that of pure noise: 0 to 3; 3 where it is not known.

    Timesteps are counted to 1000, or given as a share. On the bundled model bf16 agrees to 65 dB at 951, 62 at 351, 57
    at 101 and 45 at 1 (the worst of 24 pictures).
    """
    if call > len(times):
        return 3.0
    share = times[call - 1] / (_TIMESTEPS if max(times) > 1 else 1)
    return -math.log10(min(max(share, 1 / _TIMESTEPS), 1.0))
