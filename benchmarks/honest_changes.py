"""Honest changes of a pipeline: another arithmetic or order of memory for the same picture; `build` functions."""

from __future__ import annotations

import dataclasses
from typing import Any

from pytest_sdperf import Launch, Variant
from pytest_sdperf.models.families.family import TEXT_TO_IMAGE
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants import fp32, openvino, torch_bf16
from pytest_sdperf.variants.diffusers_pipeline import settle
from pytest_sdperf.variants.optimum_pipeline import exported_folder, load_optimum_pipeline

_CALIBRATION = ("sailing ship at noon by Turner", "windmill in fog by Van Gogh", "lighthouse in rain by Hokusai")
"""Prompts for the ranges of int8 activations; none of those that are judged."""


def build_channels_last(context: BuildContext) -> Any:
    """fp32 with its weights in another order of memory."""
    import torch

    pipeline = fp32.build(context)
    for name in context.family.weights:
        getattr(pipeline, name).to(memory_format=torch.channels_last)
    return pipeline


def build_in_bf16(context: BuildContext) -> Any:
    """All weights and latents in bf16, as `torch_dtype=torch.bfloat16` loads them."""
    import torch

    return fp32.build(context).to(torch.bfloat16)


def build_int8_weights(context: BuildContext) -> Any:
    """The exported model in f32 with every network's weights rounded to 8 bits by NNCF, one scale a channel."""
    import nncf

    pipeline = load_optimum_pipeline(context, dynamic_shapes=True)
    for part in (pipeline.text_encoder, pipeline.unet, pipeline.vae_decoder):
        part.model = nncf.compress_weights(part.model, mode=nncf.CompressWeightsMode.INT8_SYM)
    pipeline.compile()
    return pipeline


def build_hybrid_int8(context: BuildContext) -> Any:
    """The exported model by optimum-intel's hybrid method: convolutions of the UNet in int8, other weights rounded."""
    from optimum import intel

    kind = context.family.tasks[TEXT_TO_IMAGE].optimum
    pipeline = getattr(intel, kind.name).from_pretrained(
        exported_folder(context),
        export=False,
        compile=False,
        quantization_config=intel.OVWeightQuantizationConfig(
            bits=8, quant_method="hybrid", dataset=[*_CALIBRATION], num_samples=len(_CALIBRATION)
        ),
        ov_config={"INFERENCE_PRECISION_HINT": "f32"},
        local_files_only=True,
        **kind.leaves_out,
    )
    settle(pipeline, scheduler=context.scheduler)
    pipeline.compile()
    return pipeline


def _like_fp32(name: str, factory: str, summary: str, precision: str) -> Variant:
    return Variant(name, f"{__name__}:{factory}", summary, requirements=fp32.FP32_REQUIREMENTS, precision=precision)


def _int8(name: str, factory: str, summary: str, precision: str) -> Variant:
    return Variant(
        name,
        f"{__name__}:{factory}",
        summary,
        prepare=openvino.VARIANT_F32.prepare,
        requirements=(*openvino.OPENVINO_REQUIREMENTS, "package:nncf"),
        params={"precision": "f32"},
        precision=precision,
    )


VARIANTS = (
    dataclasses.replace(
        fp32.VARIANT,
        name="fp32_one_thread",
        summary="fp32, one thread",
        launch=Launch(env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}),
    ),
    _like_fp32("fp32_channels_last", "build_channels_last", "fp32, channels-last", "f32"),
    dataclasses.replace(
        torch_bf16.VARIANT,
        name="autocast_bf16",
        summary="PyTorch bf16 autocast, on any hardware",
        requirements=fp32.FP32_REQUIREMENTS,
        claims=(),
        precision="bf16",
    ),
    _like_fp32("weights_bf16", "build_in_bf16", "PyTorch, weights and latents in bf16", "bf16"),
    _int8("openvino_int8_weights", "build_int8_weights", "OpenVINO, int8 weights", "int8_weights"),
    _int8("openvino_int8_hybrid", "build_hybrid_int8", "OpenVINO, hybrid int8", "int8"),
)
