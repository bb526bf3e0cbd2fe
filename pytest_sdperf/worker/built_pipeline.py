"""A built pipeline: call it with what a case asks for, timed or not, by itself or along another one's chain."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_sdperf.build_spec import BuildSpec, Size
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.models.families.family import Family
from pytest_sdperf.picture_chain import PictureChain
from pytest_sdperf.worker.bf16_rounding import is_torch_module, rounded_to_bf16
from pytest_sdperf.worker.chain_following import follow
from pytest_sdperf.worker.chain_recording import Recorded, keep_rounding, record
from pytest_sdperf.worker.pipeline_call import (
    as_picture,
    as_wanted,
    draw_latents,
    is_filtered,
    low_type,
    pixels,
    seeded_generator,
)
from pytest_sdperf.worker.stages import StageTimer, find_stages
from pytest_sdperf.worker.timed_pictures import TimedPictures
from pytest_sdperf.worker.token_text import read_tokens
from pytest_sdperf.workload import picture_key, size_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


@dataclass
class BuiltPipeline:
    """A pipeline, ready to draw."""

    spec: BuildSpec
    pipeline: Any
    family: Family
    clock_ns: Callable[[], int]
    timer: StageTimer
    stage_calls: dict[str, int] = field(default_factory=dict)
    "calls of each stage for the last timed picture"
    timed: dict[tuple[Size, int], TimedPictures] = field(default_factory=dict)
    "by size and number of the picture"
    filtered: set[tuple[Size, int]] = field(default_factory=set)
    "pictures that a safety checker replaced"

    def draw(self, size: Size, picture_index: int, chain: Path | None = None) -> Picture:
        """A picture, untimed; its chain is kept in ``chain``, with what rounding to bf16 does to its stages."""
        keywords = self._arguments(size, picture_index)

        def draw() -> Picture:
            answer = self.pipeline(**keywords)
            if is_filtered(answer):
                self.filtered.add((size, picture_index))
            return as_picture(pixels(answer, size))

        if chain is None:
            return draw()
        stages = find_stages(self.pipeline)
        picture = record(stages, draw, chain)
        if modules := [owner for owner, _ in stages.values() if is_torch_module(owner)]:
            # Where it cannot draw so, links are held to the limits for any model.
            with suppress(Exception), rounded_to_bf16(modules):
                keep_rounding(chain, self.follow(size, picture_index, chain))
        return picture

    def draw_timed(self, size: Size, picture_index: int, seed: int | None = None) -> tuple[ImageTiming, NDArray[Any]]:
        """Only the pipeline's work lies between the two looks at the clock: its call, and what its answer puts off.

        ``seed`` takes the place of the picture's own for its latents.
        An answer may compute when its picture is read, or while another thread still fills it; so the picture is
        copied (3 MB at 512x512: below 1 ms) before the second look.
        """
        keywords = self._arguments(size, picture_index, seed)
        self.timer.reset()
        start_ns = self.clock_ns()
        answer = self.pipeline(**keywords)
        array = pixels(answer, size)
        total_ns = self.clock_ns() - start_ns
        if is_filtered(answer):
            self.filtered.add((size, picture_index))
        timing = ImageTiming(total_ns, self.timer.calls_ns)
        if timing.rest_ns < 0:
            raise WorkerError(
                f"the stages of a picture take {total_ns - timing.rest_ns} ns, the whole picture {total_ns} ns",
                where=self.spec.factory,
                cure="Stages must not run at the same time: correct sdperf_stages().",
            )
        return timing, array

    def follow(self, size: Size, picture_index: int, chain: Path) -> PictureChain:
        """Draw a picture along another one's ``chain``. Raises what the pipeline raises."""
        keywords = self._arguments(size, picture_index, in_float32=True)
        with Recorded(chain) as recorded:
            return follow(
                picture_key(size, picture_index),
                find_stages(self.pipeline),
                self.family,
                lambda: as_picture(pixels(self.pipeline(**keywords), size)),
                recorded,
                latents_type=low_type(self.pipeline),
                read=partial(read_tokens, self.pipeline),
            )

    def keep(self, picture: Picture, suffix: str = "", *, size: Size, picture_index: int) -> Path:
        """Save a picture; by rename, so that nobody reads half of it."""
        import numpy as np

        path = Path(self.spec.picture_dir, f"{size_key(size)}-{picture_index}{suffix}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            np.save(file, picture, allow_pickle=False)
        draft.replace(path)
        return path

    def _arguments(
        self, size: Size, picture_index: int, seed: int | None = None, *, in_float32: bool = False
    ) -> dict[str, Any]:
        """Keywords of a call."""
        prompt_seed = self.spec.prompt_seeds[picture_index]
        latents = draw_latents(prompt_seed.seed if seed is None else seed, self.family.latents, *size)
        keywords = self.family.call(
            prompt=prompt_seed.prompt,
            steps=self.spec.num_inference_steps,
            guidance=self.spec.guidance_scale,
            height=size[0],
            width=size[1],
            latents=as_wanted(self.pipeline, latents, in_float32=in_float32),
        )
        return keywords | seeded_generator(self.pipeline, prompt_seed.seed)
