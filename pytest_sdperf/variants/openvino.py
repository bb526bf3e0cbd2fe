"""`openvino` and `openvino_f32`: optimum-intel's pipeline, one compiled model for pictures of any size."""

from __future__ import annotations

import dataclasses
from typing import Any

from pytest_sdperf.claims import Claim
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants import optimum_pipeline
from pytest_sdperf.variants.optimum_pipeline import load_optimum_pipeline

OPENVINO_REQUIREMENTS = ("package:openvino>=2025", "package:optimum-intel>=2.2", "package:diffusers")

# The precision hint reads back as set even where bf16 is emulated, so kernels must show it. All
# convolutions and matrix products ran as hinted with OpenVINO 2026.4; the room is for another's choice.
KERNEL_CLAIMS = (
    Claim("kernel_precision", "auto", at_least=0.95),
    Claim("kernel_isa", "auto", at_least=0.9),
    Claim("no_reference_kernels"),
)
F32_KERNEL_CLAIMS = (Claim("kernel_precision", "f32"), Claim("no_reference_kernels"))

VARIANT = Variant(
    name="openvino",
    factory=f"{__name__}:build",
    summary="OpenVINO, dynamic shapes",
    prepare=f"{optimum_pipeline.__name__}:prepare",
    requirements=OPENVINO_REQUIREMENTS,
    claims=(*KERNEL_CLAIMS, Claim("dynamic_shapes")),
    params={"precision": "auto"},
    libraries=optimum_pipeline.LIBRARIES,
)
VARIANT_F32 = dataclasses.replace(
    VARIANT,
    name="openvino_f32",
    summary="OpenVINO in f32, dynamic shapes",
    claims=(*F32_KERNEL_CLAIMS, Claim("dynamic_shapes")),
    params={"precision": "f32"},
)
VARIANTS = (VARIANT, VARIANT_F32)


def build(context: BuildContext) -> Any:
    """The exported model, compiled for any size."""
    pipeline = load_optimum_pipeline(context, dynamic_shapes=True)
    with context.phase("compile"):
        pipeline.compile()
    return pipeline
