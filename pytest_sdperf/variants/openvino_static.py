"""`openvino_static` and `openvino_static_f32`: one pipeline of fixed shapes for each size asked for."""

from __future__ import annotations

import dataclasses
from typing import Any

from pytest_sdperf.claims import Claim
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants import openvino
from pytest_sdperf.variants.optimum_pipeline import load_optimum_pipeline
from pytest_sdperf.variants.sized_pipeline import SizedPipeline

VARIANT = dataclasses.replace(
    openvino.VARIANT,
    name="openvino_static",
    factory=f"{__name__}:build",
    summary="OpenVINO, one static pipeline per size",
    claims=(*openvino.KERNEL_CLAIMS, Claim("static_shapes")),
)
VARIANT_F32: Variant = dataclasses.replace(
    VARIANT,
    name="openvino_static_f32",
    summary="OpenVINO in f32, one static pipeline per size",
    claims=(*openvino.F32_KERNEL_CLAIMS, Claim("static_shapes")),
    params={"precision": "f32"},
)
VARIANTS = (VARIANT, VARIANT_F32)


def build(context: BuildContext) -> Any:
    """The exported model, reshaped and compiled for every size of the case."""
    pipeline = load_optimum_pipeline(context, dynamic_shapes=False)
    with context.phase("compile"):
        return SizedPipeline(pipeline, context.family, context.sizes)
