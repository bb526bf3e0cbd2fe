"""`torch_bf16`: plain PyTorch in bf16 by autocast, weights in channels-last order."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.claims import Claim
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.diffusers_pipeline import LIBRARIES, AutocastPipeline, load_diffusers_pipeline
from pytest_sdperf.variants.fp32 import FP32_REQUIREMENTS

# All convolutions and linear layers are bf16 (measured: 100 % of their time with torch 2.8); the
# room is for small ones that another oneDNN may give another kernel.
BF16_CLAIMS = (
    Claim("kernel_precision", "bf16", at_least=0.95),
    Claim("kernel_isa", "auto", at_least=0.9),
    Claim("no_reference_kernels"),
)

VARIANT = Variant(
    name="torch_bf16",
    factory=f"{__name__}:build",
    summary="PyTorch bf16 autocast, channels-last",
    requirements=("isa:avx512_bf16", *FP32_REQUIREMENTS),
    claims=BF16_CLAIMS,
    libraries=LIBRARIES,
)
VARIANTS = (VARIANT,)


def build(context: BuildContext) -> Any:
    """The fp32 model in channels-last order, called under autocast."""
    pipeline = load_diffusers_pipeline(context)
    import torch

    with context.phase("optimize"):
        for name in context.family.weights:
            getattr(pipeline, name).to(memory_format=torch.channels_last)
    return AutocastPipeline(pipeline)
