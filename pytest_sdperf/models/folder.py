"""Check that a folder holds a complete pipeline of a known family that is safe to load."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.configurations import (
    INDEX,
    ONE_MODEL,
    check_classes,
    check_fit,
    family_of_folder,
    read_json,
)
from pytest_sdperf.models.families.family import Component, Family
from pytest_sdperf.models.tensor_file import Tensor, read_tensors

_LIBRARIES = ("diffusers", "transformers")
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_LFS_POINTER = b"version https://git-lfs"
_SAVE_AGAIN = "Save it again with pipeline.save_pretrained(folder), which writes safetensors."


def check_folder(path: Path) -> None:
    """Raise ModelError, naming file and cure, unless ``path`` can be loaded as declared here.

    Accepted: diffusers' layout of a family's pipeline whose components come from diffusers and
    transformers and belong to one another, with weights in safetensors under their plain names, in one
    file or in shards with an index. Refused: weights in pickles only, or only as a variant
    (`*.fp16.safetensors`); Python files and `auto_map` entries (remote code); links that lead out of
    the folder, except into the `blobs` of the Hugging Face cache that the folder is a snapshot of.
    """
    root = path.resolve()
    index_file = root / INDEX
    if not index_file.is_file():
        singles = sorted(p.name for p in root.glob("*") if p.suffix in (*_PICKLES, ".safetensors"))
        found = f" (it holds {singles[0]}, a single-file checkpoint)" if singles else ""
        raise ModelError(
            f"model folder {path} has no model_index.json{found}",
            cure="Name a folder in diffusers' layout, as pipeline.save_pretrained(folder) writes it.",
        )
    _check_entries(root)
    family = family_of_folder(root)
    classes = _declared(family, read_json(index_file), index_file)
    check_classes(family, classes, index_file)
    for component in classes:
        if not (root / component).is_dir():
            raise ModelError(
                f"model folder {root} lacks the component {component!r}",
                cure="Download or save the whole model again.",
            )
    for part in family.components:
        config_file = root / part.name / part.config
        if "auto_map" in read_json(config_file):
            raise ModelError(
                f"{config_file} asks for code of its own (auto_map)",
                cure="Remote code is never run: use a model whose classes are in diffusers or transformers.",
            )
    for tokenizer in family.tokenizers:
        _check_tokenizer(root / tokenizer)
    check_fit(family, root)
    for part in family.components:
        if part.weights:
            _check_names(part, component_tensors(root, part.name, part.weights), root / part.name)


def component_tensors(root: Path, component: str, stem: str) -> list[Tensor]:
    """All tensors of a component with weights, from its file or shards. Raises ModelError as check_folder.

    ``stem``: of the names of its files.
    """
    single = root / component / f"{stem}.safetensors"
    if single.is_file():
        return read_tensors(single)
    index_file = root / component / f"{stem}.safetensors.index.json"
    if not index_file.is_file():
        raise _no_weights(root / component, single)
    weight_map = read_json(index_file).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise ModelError(f"{index_file} has no usable weight_map", cure=_SAVE_AGAIN)
    tensors: list[Tensor] = []
    for shard in sorted(set(weight_map.values())):
        if not re.fullmatch(r"[\w.-]+\.safetensors", shard) or not (root / component / shard).is_file():
            raise ModelError(
                f"{index_file} names the shard {shard!r}, which is not a safetensors file in the same folder",
                cure=_SAVE_AGAIN,
            )
        tensors += read_tensors(root / component / shard)
    absent = sorted(set(weight_map) - {t.name for t in tensors})
    if absent:
        raise ModelError(f"the shards of {index_file} lack the tensor {absent[0]!r}", cure=_SAVE_AGAIN)
    return tensors


def _check_entries(root: Path) -> None:
    """No Python files, no links that lead out, no pointers of git-lfs in place of files."""
    is_snapshot = root.parent.name == "snapshots"
    allowed = (root, root.parent.parent / "blobs") if is_snapshot else (root,)
    for folder, subfolders, files in os.walk(root):
        for name in (*subfolders, *files):
            entry = Path(folder, name)
            if entry.suffix == ".py":
                raise ModelError(
                    f"{entry} is code that comes with the model",
                    cure="Remote code is never run: use a model without Python files.",
                )
            if entry.is_symlink() and not any(entry.resolve().is_relative_to(place) for place in allowed):
                raise ModelError(
                    f"{entry} is a link that leads out of the model's folder, to {entry.resolve()}",
                    cure="Copy the file into the folder.",
                )
            if entry.is_file() and _is_pointer(entry):
                raise ModelError(
                    f"{entry} is a pointer of git-lfs, and the file itself is not here", cure="Fetch it: git lfs pull."
                )


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_LFS_POINTER)) == _LFS_POINTER


def _declared(family: Family, index: dict[str, Any], index_file: Path) -> dict[str, str]:
    """The components that are loaded -> their classes, all of libraries that are trusted."""
    components = {
        k: v for k, v in index.items() if isinstance(v, list) and k not in family.not_loaded and v != [None, None]
    }
    for part in family.components:
        if part.name not in components:
            raise ModelError(
                f"{index_file} has no component {part.name!r}", cure=f"Use a complete {index['_class_name']}."
            )
    for component, declared in components.items():
        if len(declared) != 2 or declared[0] not in _LIBRARIES or not isinstance(declared[1], str):
            raise ModelError(
                f"{index_file} takes component {component!r} from {declared!r}",
                cure=f"Remote code is never run: components must come from {' or '.join(_LIBRARIES)}.",
            )
    return {component: declared[1] for component, declared in components.items()}


def _check_names(component: Component, tensors: list[Tensor], folder: Path) -> None:
    """Whether the shapes fit is checked by the libraries; what is missing they leave random, or without values."""
    if not any(fnmatchcase(tensor.name, component.own_tensor) for tensor in tensors):
        example = f"; it has {min(t.name for t in tensors)!r}" if tensors else ""
        raise ModelError(
            f"the weights in {folder} are not those of the component {component.name!r}: "
            f"no tensor {component.own_tensor!r}{example}",
            cure=ONE_MODEL,
        )


def _check_tokenizer(folder: Path) -> None:
    if not (folder / "tokenizer.json").is_file():
        for name in ("vocab.json", "merges.txt"):
            if not (folder / name).is_file():
                raise ModelError(f"{folder / name} is missing", cure="Download or save the whole model again.")


def _no_weights(folder: Path, wanted: Path) -> ModelError:
    others = sorted(p.name for p in folder.iterdir())
    pickles = [name for name in others if Path(name).suffix in _PICKLES]
    variants = [name for name in others if re.fullmatch(rf"{wanted.stem}\.[\w-]+\.safetensors", name)]
    if variants:
        return ModelError(
            f"{folder} has weights only as the variant {variants[0]}, not as {wanted.name}",
            cure="Load it with that variant and save it again without one: pipeline.save_pretrained(folder).",
        )
    if pickles:
        return ModelError(
            f"{folder} has weights only as a pickle ({pickles[0]}), and loading a pickle runs whatever code is in it",
            cure=f"On a machine you can spare: {_SAVE_AGAIN[0].lower()}{_SAVE_AGAIN[1:]}",
        )
    return ModelError(f"{wanted} is missing", cure="Download or save the whole model again.")
