"""Export the model to OpenVINO once, and keep it under a key of its weights and the exporting libraries."""

from __future__ import annotations

import hashlib
import re
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pytest_sdperf.errors import CaseError
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants.diffusers_pipeline import load_diffusers_pipeline

_EXPORTERS = ("openvino", "optimum-intel", "optimum", "diffusers", "transformers", "torch", "nncf")

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
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
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


def export_key(model_digest: str) -> str:
    """A folder's name of the weights' digest (12 digits, for people) and all that shapes an export.

    Raises CaseError for a digest that is not hexadecimal: it would name files outside the cache.
    """
    if not re.fullmatch(r"[0-9a-f]{12,}", model_digest):
        raise CaseError(f"{model_digest!r} is no digest of a model", cure="Export models that pytest-sdperf prepared.")
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
        export_from_model(pipeline, folder, task="text-to-image", ov_config=OVConfig(dtype="fp32"))
