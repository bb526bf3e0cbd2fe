"""A picture's chain: what was found at each of its links, a variant's beside the reference's; plain values."""

from __future__ import annotations

import msgspec


class OtherTokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """Token ids that are not the reference's."""

    call: int
    "of the text encoder, from 1"
    position: int
    "the first that differs, from 0"
    missing: str = ""
    "what the reference has from there on, as the tokenizer reads it; empty: nothing, or it cannot be read"
    instead: str = ""
    "what the variant has"


class OtherNumber(msgspec.Struct, frozen=True):
    """A number that a stage was called with, as a timestep, that is not the reference's."""

    call: int
    "from 1"
    reference: float
    own: float


class StageRounding(msgspec.Struct, frozen=True):
    """How far the reference's own answers of one stage move when its model rounds to bf16: what honest bf16 may do."""

    output_db: list[float | None]
    "PSNR of each call; None: they do not move"
    gain: float
    "as of `StageLinks`, mean over the calls"
    mean_error: float
    "likewise"


class StageLinks(msgspec.Struct, frozen=True, omit_defaults=True):
    """The calls of one stage, each with the reference's own inputs. Lists have one value a call, or none at all.

    Agreement is PSNR: 20 log10(largest minus smallest value of the reference / root mean square error), dB; None where
    all values are equal.
    """

    stage: str
    calls: int
    reference_calls: int
    other_tokens: list[OtherTokens] = []
    other_numbers: list[OtherNumber] = []
    latents_db: list[float | None] = []
    "of the first array that the variant hands over"
    conditioning_db: list[float | None] = []
    "of the other arrays that it hands over, the worst"
    output_db: list[float | None] = []
    "of what the stage gives back, the worst"
    gains: list[float] = []
    "projection of what it gives back on the reference's, less 1: 0.01 is 1 % too large"
    mean_errors: list[float] = []
    "mean of the difference over the reference's standard deviation"
    times: list[float] = []
    "the reference's timestep of each call, where it has one"
    rounding: StageRounding | None = None
    "of the reference; None: its model cannot be rounded"
    not_followed: str = ""
    "why calls went on without the reference's values, as a clause; empty: they did not"


class PictureChain(msgspec.Struct, frozen=True, omit_defaults=True):
    """One picture, followed."""

    key: str
    "size and number of the prompt and seed: `512x512/0`"
    stages: list[StageLinks]
    "of the reference, in the order of a picture, as far as the variant has them"
    missing: list[str] = []
    "stages of the reference that the variant does not have"
    picture_db: float | None = None
    "of the picture that it makes of the reference's last values; None: all are equal"


class Chains(msgspec.Struct, frozen=True):
    """The pictures of a case that were followed."""

    reference: str
    "variant whose chain it is: `fp32`"
    pictures: list[PictureChain]
    not_followed: str = ""
    "why none was followed, as a clause; empty: they were"
