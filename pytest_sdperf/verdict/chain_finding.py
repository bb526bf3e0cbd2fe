"""The pictures of a case along the reference's chains: the first broken link of each, and how every link agrees."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from pytest_sdperf.picture_chain import PictureChain
from pytest_sdperf.verdict.status import Finding

Kind = Literal["latents", "conditioning", "output", "picture"]
"""Links whose agreement is told in dB."""

Broken = Literal[Kind, "calls", "tokens", "timestep", "gain", "mean"]
"""What may be wrong with a link."""


class BrokenLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first link of a picture that is not as it should be."""

    key: str
    "of the picture; empty: of all of them together"
    link: Broken
    stage: str = ""
    "empty: the picture itself"
    call: int = 0
    "from 1; 0: no single one"
    psnr_db: float | None = None
    min_psnr_db: float | None = None
    own: float = 0.0
    "calls, timestep, gain or mean error"
    reference: float = 0.0
    "calls or timestep; of a gain or mean error its limit"
    position: int = 0
    "of the first token id that differs"
    missing: str = ""
    "what the prompt lacks from there on"
    instead: str = ""


class LinkScore(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one kind of link agrees over all pictures and calls: the one that is closest to its limit."""

    stage: str
    "empty: the picture itself"
    link: Kind
    key: str = ""
    call: int = 0
    psnr_db: float | None = None
    "None: equal everywhere"
    min_psnr_db: float = 0.0
    median_db: float | None = None
    "over pictures and calls; None: most are equal"
    limits_db: list[float] = []
    "of each call of the first picture"

    @property
    def room_db(self) -> float:
        """How far above its limit; infinite where all is equal."""
        return math.inf if self.psnr_db is None else self.psnr_db - self.min_psnr_db


class Bias(msgspec.Struct, frozen=True):
    """Errors of a stage that rounding does not explain: means over all its calls for all pictures."""

    stage: str
    gain: float
    mean_error: float
    calls: int
    "how many both are means of"
    limit: float | None
    "None: not judged, there are too few calls"


class ChainFinding(Finding, frozen=True, kw_only=True, tag="chain"):
    """Every picture followed along the reference's chain."""

    part = "picture"
    reference: str
    "`fp32`"
    precision: str = ""
    "whose limits count: `f32`, `bf16` …"
    broken: list[BrokenLink] = msgspec.field(default_factory=list)
    "of each picture that has one, in their order; a bias last"
    links: list[LinkScore] = msgspec.field(default_factory=list)
    "in the order of a picture"
    biases: list[Bias] = msgspec.field(default_factory=list)
    pictures: list[PictureChain] = msgspec.field(default_factory=list)
    not_followed: str = ""
    "why pictures, or a part of them, were not followed, as a clause; empty: they were"
    base_label: str = ""
    "of a base with another model; empty: there is none"
    base: ChainFinding | None = None
    "the same for the base's pictures, with the reference of its own model; None: they were not followed"
