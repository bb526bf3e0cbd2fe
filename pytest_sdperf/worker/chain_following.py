"""Follow the reference's chain with a variant: at each link compare, then go on with the reference's value.

What a stage is given is compared and replaced by what the reference's was given, in the type that the variant gives it;
what it answers is compared and replaced by the reference's answer, in float32: rounded to bf16, predictions let the
latents of 20 steps drift to 37 dB (measured on the bundled model). Errors so cannot grow along the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pytest_sdperf.models.families.family import Family
from pytest_sdperf.picture_chain import OtherNumber, OtherTokens, PictureChain, StageLinks
from pytest_sdperf.worker.agreement import gain, mean_error, psnr_db, worst
from pytest_sdperf.worker.chain_recording import Recorded
from pytest_sdperf.worker.leaves import (
    copied,
    float_type,
    is_floating,
    is_single,
    leaves,
    like,
    rounding,
    shapes,
    with_leaves,
)
from pytest_sdperf.worker.stages import Method, Stages, wrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

Read = Callable[[str, Sequence[int]], str]
"""(stage, token ids) -> the text that the stage's tokenizer reads in them."""


def follow(
    key: str,
    stages: Stages,
    family: Family,
    draw: Callable[[], Picture],
    recorded: Recorded,
    *,
    latents_type: Any = None,
    read: Read,
) -> PictureChain:
    """Draw the picture ``key`` along the ``recorded`` chain, and say what was found at each link.

    ``draw`` starts from float32 latents; ``latents_type`` is the type that the pipeline has them in by itself, where
    that is a lower one: its denoiser and decoder are given it. Raises what the pipeline raises.
    """
    followed = {stage: _Followed(stage, recorded, read) for stage in recorded.stages if stage in stages}
    for stage in (family.denoiser, family.decoder):
        if stage in followed:
            followed[stage].latents_type = latents_type
    with ExitStack() as undo:
        for stage, one in followed.items():
            owner, method = stages[stage]
            undo.callback(wrap(stage, owner, method, partial(one.watched, owner)))
        picture = draw()
    return PictureChain(
        key=key,
        stages=[one.links() for one in followed.values()],
        missing=[stage for stage in recorded.stages if stage not in stages],
        picture_db=psnr_db(recorded.picture, picture),
    )


@dataclass
class _Followed:
    """One stage, call by call."""

    stage: str
    recorded: Recorded
    read: Read
    latents_type: Any = None
    calls: int = 0
    not_followed: str = ""
    is_running: bool = False

    def __post_init__(self) -> None:
        recorded = self.recorded
        self.found = StageLinks(self.stage, 0, recorded.calls(self.stage), rounding=recorded.rounding(self.stage))
        "what is found at each call is added to its lists"

    def links(self) -> StageLinks:
        return replace(self.found, calls=self.calls, not_followed=self.not_followed)

    def watched(self, owner: object, original: Method) -> Method:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.is_running:  # a stage that calls itself counts once
                return original(*args, **kwargs)
            self.calls += 1
            if self.calls > self.recorded.calls(self.stage) or self.not_followed:
                return original(*args, **kwargs)
            given = self._given([*leaves((args, kwargs))], owner)
            if given is None:
                return original(*args, **kwargs)
            args, kwargs = with_leaves((args, kwargs), iter(given))
            self.is_running = True
            try:
                answer = original(*args, **kwargs)
            finally:
                self.is_running = False
            return self._answered(answer)

        return call

    def _given(self, own: Sequence[Any], owner: object) -> list[Any] | None:
        """What the stage is given in place of ``own``; None where it cannot be given the reference's."""
        theirs = self.recorded.given(self.stage, self.calls)
        kinds, mine = _by_kind(theirs), _by_kind(own)
        if [tuple(v.shape) for v in mine["array"]] != [v.shape for v in kinds["array"]]:
            self.not_followed = (
                f"its call {self.calls} gets arrays of {shapes(mine['array'])}, not of {shapes(kinds['array'])}"
            )
            return None
        self._compare_tokens(mine["tokens"], kinds["tokens"])
        self._compare_numbers(mine["number"], kinds["number"])
        agreement = [psnr_db(a, copied(b)) for a, b in zip(kinds["array"], mine["array"], strict=True)]
        if agreement:
            self.found.latents_db.append(agreement[0])
        if agreement[1:]:
            self.found.conditioning_db.append(worst(agreement[1:]))
        left: dict[str, Iterator[Any]] = {kind: iter(values) for kind, values in kinds.items()}
        given, is_first = [], True
        for value in own:
            kind = _kind(value)
            other = next(left[kind], None)
            if other is not None and isinstance(value, int | float):
                given.append(type(value)(other.ravel()[0]))
                continue
            if other is None or other.shape != tuple(value.shape):
                given.append(value)
                continue
            is_latents = kind == "array" and is_first
            given.append(like(value, other, dtype=self._type(value, owner) if is_latents else None))
            is_first = is_first and not is_latents
        return given

    def _type(self, latents: Any, owner: object) -> Any:
        """The type that the pipeline would have these latents in by itself; None: the one that they have."""
        if self.latents_type is None or latents.dtype == self.latents_type:
            return None
        # A decoder that the pipeline lifts to float32 for itself, as that of SDXL, keeps it.
        weights = getattr(owner, "dtype", self.latents_type)
        return self.latents_type if weights == self.latents_type else None

    def _compare_tokens(self, own: Sequence[Any], theirs: Sequence[Any]) -> None:
        for mine, other in zip(own, theirs, strict=False):
            a, b = ([int(token) for token in copied(ids).ravel()] for ids in (other, mine))
            if a == b:
                continue
            position = next(
                (i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), min(len(a), len(b))
            )
            missing, instead = (self.read(self.stage, ids[position:]) for ids in (a, b))
            self.found.other_tokens.append(OtherTokens(self.calls, position, missing, instead))

    def _compare_numbers(self, own: Sequence[Any], theirs: Sequence[Any]) -> None:
        for i, (mine, other) in enumerate(zip(own, theirs, strict=False)):
            a, b = float(copied(other).ravel()[0]), float(copied(mine).ravel()[0])
            if i == 0:
                self.found.times.append(a)
            if abs(a - b) > rounding(mine) * max(abs(a), abs(b)):
                self.found.other_numbers.append(OtherNumber(self.calls, a, b))

    def _answered(self, answer: Any) -> Any:
        """The reference's answer in place of the variant's, in float32."""
        theirs = [v for v in self.recorded.answered(self.stage, self.calls) if _kind(v) == "array"]
        values = [*leaves(answer)]
        own = [v for v in values if _kind(v) == "array"]
        partners = _partners(theirs, own)
        if not own or partners[0] is None or partners[0] is not theirs[0]:
            self.not_followed = f"its call {self.calls} answers with {shapes(own)}, not with {shapes(theirs)}"
            return answer
        # Copied at once: a library may write its next answer to the same place.
        pairs = [(a, copied(b)) for a, b in zip(partners, own, strict=True) if a is not None]
        self.found.output_db.append(worst([psnr_db(a, b) for a, b in pairs]))
        self.found.gains.append(gain(*pairs[0]))
        self.found.mean_errors.append(mean_error(*pairs[0]))
        left = iter(partners)
        new = []
        for value in values:
            other = next(left) if _kind(value) == "array" else None
            new.append(value if other is None else like(value, other, dtype=float_type(value)))
        return with_leaves(answer, iter(new))


def _partners(theirs: Sequence[Any], own: Sequence[Any]) -> list[Any]:
    """For each of ``own`` the next of ``theirs`` that has its shape; None where none is left."""
    left = [*theirs]
    found: list[Any] = []
    for value in own:
        at = next((i for i, other in enumerate(left) if other.shape == tuple(value.shape)), None)
        found.append(None if at is None else left.pop(at))
    return found


def _by_kind(values: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"number": [], "tokens": [], "array": []}
    for value in values:
        found[_kind(value)].append(value)
    return found


def _kind(value: Any) -> str:
    if is_single(value):
        return "number"
    return "array" if is_floating(value) else "tokens"
