"""Load an exported model with optimum-intel, not compiled yet."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants.diffusers_pipeline import settle
from pytest_sdperf.variants.openvino_export import exported_folder

_PRECISIONS = ("bf16", "f16", "f32")


def load_optimum_pipeline(context: BuildContext, *, dynamic_shapes: bool) -> Any:
    """An ``OVStableDiffusionPipeline`` that waits for ``compile()``, after ``reshape()`` where it is static.

    The variant's parameter ``precision`` (`bf16`, `f16` or `f32`) is always handed to OpenVINO: left to
    itself it takes bf16 wherever the hardware has it. CaseError for any other.
    """
    precision = context.params.get("precision")
    if precision not in _PRECISIONS:
        raise CaseError(
            f"precision={precision!r} is not one that OpenVINO computes in",
            where="Variant.params",
            cure=f"Use one of: {', '.join(_PRECISIONS)}, or `auto`.",
        )
    folder = exported_folder(context)
    with context.phase("import"):
        from optimum.intel import OVStableDiffusionPipeline
    with context.phase("load"):
        pipeline = OVStableDiffusionPipeline.from_pretrained(
            folder,
            export=False,
            compile=False,
            dynamic_shapes=dynamic_shapes,
            ov_config={"INFERENCE_PRECISION_HINT": precision},
            vae_encoder=None,  # text to image never encodes: neither compiled nor held in memory
            safety_checker=None,
            local_files_only=True,
        )
        settle(pipeline, scheduler=context.scheduler)
    return pipeline
