"""Let a scheduler draw its noise in float32, so that every variant gets the reference's.

Samplers that draw noise at each step (ancestral ones, LCM, SDE) ask `diffusers` for it in the type of the model's
output: from one seed, torch draws other noise in bf16 than in float32.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from pytest_sdperf.worker.pipeline_call import low_type

_DRAWS = "randn_tensor"


def draw_in_float32(pipeline: Any) -> None:
    """Change what the module of the pipeline's scheduler draws with, where latents are of a lower type than float32."""
    scheduler = getattr(pipeline, "scheduler", None)
    module = sys.modules.get(type(scheduler).__module__)
    draw = getattr(module, _DRAWS, None)
    if callable(draw) and low_type(pipeline) is not None and not isinstance(draw, partial):
        setattr(module, _DRAWS, partial(_in_float32, draw))


def _in_float32(draw: Any, *args: Any, dtype: Any = None, **keywords: Any) -> Any:
    import torch

    is_low = dtype is not None and dtype.is_floating_point and dtype != torch.float32
    noise = draw(*args, dtype=torch.float32 if is_low else dtype, **keywords)
    return noise.to(dtype) if is_low else noise
