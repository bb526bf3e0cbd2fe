"""The workload of a case: prompts, sizes, steps and seeds, checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from pytest_sdperf.errors import CaseError
from pytest_sdperf.texts import text_fault

DEFAULT_PROMPTS = (
    "sailing ship in storm by Rembrandt",
    "castle in sunset by Turner",
    "mountains in calm by van Gogh",
    "lighthouse in snow by Monet",
)
"""Drawn where a test names no prompt. The first, which is timed, is the blog post's own (Accelerating Stable
Diffusion inference on Intel CPUs, 2023). The others differ from it in all that the bundled model was taught, and were
chosen from 24 as those on which honest changes of it stay close to fp32 while faults do not
(benchmarks/results/good_from_broken.md): on a sixth of those pictures bf16 or int8 alone ends in another."""

KEYWORDS = (
    "prompt", "prompts", "num_inference_steps", "guidance_scale", "height", "width", "sizes", "seed", "seeds",
)  # fmt: skip
"""Keywords of ``check`` and ``measure``."""


class PromptSeed(NamedTuple):
    """Prompt and seed of one picture."""

    prompt: str
    seed: int
    "seed of the fp32 latents"


@dataclass(frozen=True)
class Workload:
    """The pictures that a case draws. Names are those of diffusers' pipelines."""

    prompts: tuple[str, ...] = DEFAULT_PROMPTS
    "each is drawn with each of the seeds for the picture verdict; the first with the first is timed"
    num_inference_steps: int = 20
    guidance_scale: float = 7.5
    sizes: tuple[tuple[int, int], ...] = ((64, 64),)
    "(height, width) in pixels, multiples of 8; one static pipeline each where the variant is static"
    seeds: tuple[int, ...] = (0,)
    "seeds of the fp32 latents"

    def __post_init__(self) -> None:
        if not _is_whole(self.num_inference_steps, at_least=1):
            _refuse(f"num_inference_steps={self.num_inference_steps!r}", "Ask for a whole number of at least 1 step.")
        guidance = self.guidance_scale
        if isinstance(guidance, bool) or not isinstance(guidance, (int, float)) or not math.isfinite(guidance):
            _refuse(f"guidance_scale={guidance!r}", "Ask for a finite number, like 7.5.")
        _check_sizes(self.sizes)
        _check_prompts(self.prompts)
        _check_seeds(self.seeds)

    @property
    def prompt_seeds(self) -> tuple[PromptSeed, ...]:
        """Every prompt with every seed, prompt by prompt: the pictures of each size, in the order of their keys."""
        return tuple(PromptSeed(prompt, seed) for prompt in self.prompts for seed in self.seeds)


def workload_of(keywords: Mapping[str, Any], *, native_size: tuple[int, int] | None) -> Workload:
    """The workload that a test's keywords ask for; ``native_size`` where they name no size.

    Raises CaseError for unknown or contradicting keywords and for values that make no workload.
    """
    for name in keywords:
        if name not in KEYWORDS:
            _refuse(f"unknown keyword {name!r}", f"Use one of: {', '.join(KEYWORDS)}.")
    made = {k: v for k, v in keywords.items() if k in ("num_inference_steps", "guidance_scale")}
    for one, several in (("prompt", "prompts"), ("seed", "seeds")):
        if one in keywords and several in keywords:
            _refuse(f"{one} and {several} are both given", "Give one of them.")
        if one in keywords:
            made[several] = (keywords[one],)
        elif several in keywords:
            made[several] = _tuple(keywords[several])
    sizes = _sizes(keywords)
    if sizes is None and native_size is not None:
        sizes = (native_size,)
    if sizes is not None:
        made["sizes"] = sizes
    return Workload(**made)


def size_key(size: tuple[int, int]) -> str:
    """(512, 768) -> ``512x768``, height first as in diffusers' arguments."""
    return f"{size[0]}x{size[1]}"


def picture_key(size: tuple[int, int], picture_index: int) -> str:
    """The name of one picture of a case: ``512x512/0`` is the first prompt and seed at that size."""
    return f"{size_key(size)}/{picture_index}"


def size_of_picture(key: str) -> str:
    """The size in a picture's name: ``512x512/0`` -> ``512x512``."""
    return key.partition("/")[0]


def _sizes(keywords: Mapping[str, Any]) -> Any:
    """The sizes asked for by height and width, or by sizes; None where neither is given."""
    sides = [name for name in ("height", "width") if name in keywords]
    if sides and "sizes" in keywords:
        _refuse(f"{sides[0]} is given together with sizes", "Give either height and width, or sizes.")
    if len(sides) == 1:
        _refuse(f"only {sides[0]} is given", "Give both height and width.")
    if sides:
        return ((keywords["height"], keywords["width"]),)
    sizes = keywords.get("sizes")
    return _tuple([_tuple(size) for size in sizes]) if isinstance(sizes, (list, tuple)) else sizes


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_sizes(sizes: object) -> None:
    cure = "Name at least one (height, width), each once."
    if not isinstance(sizes, tuple) or not sizes or not all(isinstance(s, tuple) and len(s) == 2 for s in sizes):
        _refuse(f"sizes={sizes!r}", cure)
    for size in sizes:
        for name, value in zip(("height", "width"), size, strict=True):
            if not _is_whole(value, at_least=8) or value % 8:
                _refuse(
                    f"{name}={value!r} is not a multiple of 8",
                    "Latents are 8 times smaller than the picture: use 64, 256, 512 ….",
                )
    if len(set(sizes)) != len(sizes):
        _refuse(f"sizes={sizes!r}", cure)


def _check_prompts(prompts: object) -> None:
    cure = "Name at least one prompt, each once."
    if not isinstance(prompts, tuple) or not prompts:
        _refuse(f"prompts={prompts!r}", cure)
    for prompt in prompts:
        if not isinstance(prompt, str) or not prompt.strip():
            _refuse(f"prompt {prompt!r} is empty", "Write what the picture shows.")
        if fault := text_fault(prompt):
            _refuse(f"prompt {prompt!r} {fault}", "Write a text of whole characters.")
    if len({_as_read(p) for p in prompts}) != len(prompts):
        _refuse(f"prompts={prompts!r}", cure)


def _as_read(prompt: str) -> str:
    """CLIP's tokenizer reads neither capitals nor the number of spaces."""
    return " ".join(prompt.lower().split())


def _check_seeds(seeds: object) -> None:
    if not isinstance(seeds, tuple) or not seeds or len(set(seeds)) != len(seeds):
        _refuse(f"seeds={seeds!r}", "Name at least one seed, each once.")
    for seed in seeds:
        if not _is_whole(seed, at_least=0):
            _refuse(f"seed={seed!r}", "Ask for a whole number of at least 0.")


def _is_whole(value: object, *, at_least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def _refuse(what: str, cure: str) -> NoReturn:
    raise CaseError(what, cure=cure)
