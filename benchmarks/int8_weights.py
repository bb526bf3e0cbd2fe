"""OpenVINO with int8 weights, as optimum-intel's users compress them: an honest change of the picture."""

from __future__ import annotations

from typing import Any

from pytest_sdperf import Variant
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants import openvino
from pytest_sdperf.variants.optimum_pipeline import load_optimum_pipeline


def build(context: BuildContext) -> Any:
    """The exported model in f32 with every network's weights rounded to 8 bits by NNCF, one scale a channel."""
    import nncf

    pipeline = load_optimum_pipeline(context, dynamic_shapes=True)
    for part in (pipeline.text_encoder, pipeline.unet, pipeline.vae_decoder):
        part.model = nncf.compress_weights(part.model, mode=nncf.CompressWeightsMode.INT8_SYM)
    pipeline.compile()
    return pipeline


VARIANT = Variant(
    name="openvino_int8_weights",
    factory=f"{__name__}:build",
    summary="OpenVINO, int8 weights",
    prepare=openvino.VARIANT_F32.prepare,
    requirements=(*openvino.OPENVINO_REQUIREMENTS, "package:nncf"),
    params={"precision": "f32"},
)
