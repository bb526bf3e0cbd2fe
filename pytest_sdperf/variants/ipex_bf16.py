"""`ipex_bf16`: Intel Extension for PyTorch, every module packed for bf16, in a tuned process."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.models.families.family import Family
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants import diffusers_pipeline
from pytest_sdperf.variants.diffusers_pipeline import AutocastPipeline, load_diffusers_pipeline
from pytest_sdperf.variants.fp32 import FP32_REQUIREMENTS
from pytest_sdperf.variants.torch_bf16 import BF16_CLAIMS
from pytest_sdperf.variants.tuned import TUNED_CLAIMS, TUNED_LAUNCH, TUNED_REQUIREMENTS

VARIANT = Variant(
    name="ipex_bf16",
    factory=f"{__name__}:build",
    summary="IPEX bf16, channels-last, tuned process",
    launch=TUNED_LAUNCH,
    requirements=(
        *TUNED_REQUIREMENTS,
        "isa:avx512_bf16",
        *FP32_REQUIREMENTS,
        "package:intel-extension-for-pytorch",
    ),
    claims=(*BF16_CLAIMS, *TUNED_CLAIMS),
    libraries=f"{__name__}:import_libraries",
)
VARIANTS = (VARIANT,)


def import_libraries(family: Family) -> Any:
    """All that is imported, IPEX before diffusers: it replaces torch's autocast kernels for the whole process."""
    import intel_extension_for_pytorch  # noqa: F401 -- is loaded

    return diffusers_pipeline.import_libraries(family)


def build(context: BuildContext) -> Any:
    """The model with each module through ``ipex.optimize``, called under autocast."""
    with context.phase("import"):
        import_libraries(context.family)
        import intel_extension_for_pytorch as ipex
        import torch
    pipeline = load_diffusers_pipeline(context)
    with context.phase("optimize"):
        for name in context.family.weights:
            module = getattr(pipeline, name).to(memory_format=torch.channels_last).eval()
            setattr(pipeline, name, ipex.optimize(module, dtype=torch.bfloat16, inplace=True))
    return AutocastPipeline(pipeline)
