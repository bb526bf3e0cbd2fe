"""A case: a variant that draws a workload with a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pytest_sdperf.variant import Variant
from pytest_sdperf.workload import Workload, size_key


@dataclass(frozen=True)
class Case:
    """One thing to judge: a variant, resolved for this machine, drawing a workload with a model."""

    variant: Variant
    workload: Workload
    model: str
    "the model as the user names it: `bundled`, `synthetic:tiny`, a folder, a hub id"

    @property
    def id(self) -> str:
        """Readable and unique per (variant, model, workload): the stem of the baseline's file name."""
        w = self.workload
        sizes = "+".join(size_key(s) for s in w.sizes)
        plain = Workload(num_inference_steps=w.num_inference_steps, sizes=w.sizes)
        extra = "" if w == plain else f"-{_digest((w.prompts, w.guidance_scale, w.seeds))}"
        model = re.sub(r"[^A-Za-z0-9]+", "-", self.model.rstrip("/").rsplit("/", 1)[-1]).strip("-") or "model"
        return f"{self.variant.name}-{model}-{sizes}-{w.num_inference_steps}steps{extra}"


def _digest(value: Any) -> str:
    import hashlib  # only needed for workloads off the default

    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
