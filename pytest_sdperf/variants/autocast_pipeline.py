"""Run a diffusers pipeline in bf16 by CPU autocast, entered the same way for every picture."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.worker.stages import find_stages


class AutocastPipeline:
    """A diffusers pipeline whose calls run under ``torch.autocast("cpu", torch.bfloat16)``.

    Autocast keeps its bf16 copies of the weights while it is entered, so a picture drawn under one
    more level of it would be timed with the casts of another.
    """

    sdperf_latents = "torch"

    def __init__(self, pipeline: Any) -> None:
        import torch

        self.pipeline = pipeline
        self.dtype = torch.float32
        "dtype of the latents: autocast converts inside the models, and the scheduler's sums stay exact"
        self._autocast = torch.autocast
        self._bfloat16 = torch.bfloat16

    @property
    def scheduler(self) -> Any:
        return self.pipeline.scheduler

    @property
    def tokenizer(self) -> Any:
        return self.pipeline.tokenizer

    def __call__(self, **kwargs: Any) -> Any:
        with self._autocast("cpu", dtype=self._bfloat16):
            return self.pipeline(**kwargs)

    def sdperf_stages(self) -> dict[str, tuple[object, str]]:
        """The stages of the pipeline inside."""
        return find_stages(self.pipeline)
