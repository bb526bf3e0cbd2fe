"""The trained model that comes with the package: checked against its digests and unpacked into float32."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec

from pytest_sdperf.errors import ModelError

BUNDLE = Path(__file__).with_name("bundle")
"""Diffusers' layout, weights in half precision; `training/bundle.py` of the project's repository writes it."""

DIGESTS = "digests.json"
"""Every other file of the bundle, relative to it -> sha256 (hex)."""

_INSTALL_AGAIN = "Install pytest-sdperf again: pip install --force-reinstall --no-deps pytest-sdperf"


def recipe(bundle: Path = BUNDLE) -> str:
    """sha256 (hex) of the list of digests: another one is another model. Raises ModelError where it is missing."""
    return hashlib.sha256(_digests_file(bundle)).hexdigest()


def build(destination: str, bundle: str = str(BUNDLE)) -> dict[str, Any]:
    """Write the model into the folder ``destination``, which may exist, its weights as float32.

    Returns the number of parameters of each component that has any. Needs safetensors: call it in a worker.
    Raises ModelError, and writes nothing, where a file of the bundle is missing or is not what its digest says.
    """
    source, target = Path(bundle), Path(destination)
    files = _checked(source)
    counts = {}
    for name in files:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            counts[path.parent.name] = _write_float32(source / name, path)
        else:
            shutil.copyfile(source / name, path)
    return {"parameters": counts}


def _digests_file(bundle: Path) -> bytes:
    try:
        return (bundle / DIGESTS).read_bytes()
    except FileNotFoundError:
        raise ModelError(
            f"this installation carries no trained model ({bundle / DIGESTS} is missing)",
            where="--sdperf-model=bundled",
            cure="Use synthetic:tiny, or a folder in diffusers' layout.",
        ) from None


def _checked(bundle: Path) -> list[str]:
    """The files that make the model, each of them as its digest says."""
    try:
        digests = msgspec.json.decode(_digests_file(bundle), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise ModelError(f"{bundle / DIGESTS} is damaged ({error})", cure=_INSTALL_AGAIN) from None
    for name, digest in digests.items():
        file = bundle / name
        if not file.resolve().is_relative_to(bundle.resolve()):
            raise ModelError(f"{bundle / DIGESTS} names {name!r}, outside of the model", cure=_INSTALL_AGAIN)
        try:
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(
                f"the bundled model is incomplete: {name} cannot be read ({error})", cure=_INSTALL_AGAIN
            ) from None
        if found != digest:
            raise ModelError(
                f"the bundled model is damaged: {name} has sha256 {found}, not {digest}", cure=_INSTALL_AGAIN
            )
    return list(digests)


def _write_float32(source: Path, target: Path) -> int:
    """Same tensors, twice as large; returns how many parameters they hold."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(source).items()}
    save_file(tensors, target, metadata={"format": "pt"})  # diffusers refuses a file without this mark
    return sum(tensor.size for tensor in tensors.values())
