"""`fp32`: plain diffusers, the picture and the latency that every other variant is compared with."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.claims import Claim
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.diffusers_pipeline import LIBRARIES, load_diffusers_pipeline

FP32_REQUIREMENTS = ("package:torch", "package:diffusers", "package:transformers")

# Linear layers and attention run in MKL, which oneDNN's log does not show: this is about convolutions.
FP32_CLAIMS = (Claim("kernel_precision", "f32"), Claim("no_reference_kernels"))

VARIANT = Variant(
    name="fp32",
    factory=f"{__name__}:build",
    summary="plain diffusers in fp32",
    requirements=FP32_REQUIREMENTS,
    claims=FP32_CLAIMS,
    libraries=LIBRARIES,
)
VARIANTS = (VARIANT,)


def build(context: BuildContext) -> Any:
    """The model as diffusers loads it."""
    return load_diffusers_pipeline(context)
