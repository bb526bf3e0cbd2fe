"""Export the model to OpenVINO once, keep it under a key of its weights and the exporting libraries, and load it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.cache import locked
from pytest_sdperf.models.families.family import TEXT_TO_IMAGE, Family
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants.diffusers_pipeline import load_diffusers_pipeline, settle

_EXPORTERS = ("openvino", "optimum-intel", "optimum", "diffusers", "transformers", "torch", "nncf")

_PRECISIONS = ("bf16", "f16", "f32")

# 1: fp32 weights, text encoder, UNet and VAE, dynamic shapes.
_LAYOUT = 1


def prepare(context: BuildContext) -> None:
    """Export the model where it is not kept yet; a variant's `prepare`."""
    exported_folder(context)


def exported_folder(context: BuildContext) -> Path:
    """The folder of the exported model in optimum-intel's layout; exports it first where it is missing.

    Processes that want the same export wait for one of them to make it; it appears complete or not at all.
    """
    folder = context.cache_dir / "openvino" / export_key(context.model_digest)
    if folder.is_dir():
        return folder
    with locked(folder, timeout_s=-1):
        if not folder.is_dir():
            partial = folder.with_name(folder.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
            try:
                _export(context, partial)
                partial.rename(folder)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)  # gigabytes
                raise
    return folder


LIBRARIES = f"{__name__}:import_libraries"


def import_libraries(family: Family) -> Any:
    """The class that loads the family's pipeline: importing it takes most of a worker's start."""
    from optimum import intel

    return getattr(intel, family.tasks[TEXT_TO_IMAGE].optimum.name)


def load_optimum_pipeline(context: BuildContext, *, dynamic_shapes: bool) -> Any:
    """The family's pipeline of optimum-intel that waits for ``compile()``, after ``reshape()`` where it is static.

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
    kind = context.family.tasks[TEXT_TO_IMAGE].optimum
    with context.phase("import"):
        loader = import_libraries(context.family)
    with context.phase("load"):
        pipeline = loader.from_pretrained(
            folder,
            export=False,
            compile=False,
            dynamic_shapes=dynamic_shapes,
            ov_config={"INFERENCE_PRECISION_HINT": precision, **_threads(os.environ)},
            local_files_only=True,
            **kind.leaves_out,
        )
        settle(pipeline, scheduler=context.scheduler)
    return pipeline


def _threads(environ: Mapping[str, str]) -> dict[str, str]:
    """OpenVINO's property for what a CPU quota feeds: its own runtime (TBB) does not read OMP_NUM_THREADS."""
    threads = environ.get("SDPERF_QUOTA_THREADS", "")
    return {"INFERENCE_NUM_THREADS": threads} if threads else {}


def export_key(model_digest: str) -> str:
    """A folder's name of the weights' digest (12 digits, for people) and all that shapes an export.

    Raises CaseError for a digest that is not hexadecimal: it would name files outside the cache.
    """
    if not re.fullmatch(r"[0-9a-f]{12,}", model_digest):
        raise CaseError(
            f"{model_digest!r} is not the digest of a model", cure="Export models that pytest-sdperf prepared."
        )
    parts = [model_digest, str(_LAYOUT), *(f"{name}={_version(name)}" for name in _EXPORTERS)]
    return f"{model_digest[:12]}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:12]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _export(context: BuildContext, folder: Path) -> None:
    with context.phase("import"):
        from optimum.exporters.openvino import export_from_model
        from optimum.intel import OVConfig
    pipeline = load_diffusers_pipeline(context)
    with context.phase("export"):
        # From the loaded pipeline, so that it holds the very weights that `fp32` draws with. An
        # explicit dtype also keeps submodels of over 1e9 parameters from silent int8 compression.
        export_from_model(pipeline, folder, task=TEXT_TO_IMAGE, ov_config=OVConfig(dtype="fp32"))
