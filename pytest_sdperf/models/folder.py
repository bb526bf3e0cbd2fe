"""Check that a folder holds a complete Stable Diffusion pipeline that is safe to load."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.architecture import check_classes, check_fit
from pytest_sdperf.models.networks import PIPELINE
from pytest_sdperf.models.tensor_file import Tensor, read_tensors

WEIGHTS = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
"""Components with weights -> stem of their files, as diffusers and transformers save them."""

CONFIGS = {
    "text_encoder": ("config.json",),
    "tokenizer": ("tokenizer_config.json",),
    "unet": ("config.json",),
    "vae": ("config.json",),
    "scheduler": ("scheduler_config.json",),
}
"""Components that a pipeline cannot do without -> their configuration files."""

_LIBRARIES = ("diffusers", "transformers")
_NOT_LOADED = ("safety_checker", "requires_safety_checker")
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_SAVE_AGAIN = "Save it again with pipeline.save_pretrained(folder), which writes safetensors."


def check_folder(path: Path) -> None:
    """Raise ModelError, naming file and cure, unless ``path`` can be loaded as declared here.

    Accepted: diffusers' layout of a StableDiffusionPipeline whose components come from diffusers and
    transformers and belong to one another, with weights in safetensors under their plain names, in one
    file or in shards with an index. Refused: weights in pickles only, or only as a variant
    (`*.fp16.safetensors`); Python files and `auto_map` entries (remote code); links that lead out of
    the folder, except into the `blobs` of the Hugging Face cache that the folder is a snapshot of.
    """
    root = path.resolve()
    index_file = root / "model_index.json"
    if not index_file.is_file():
        singles = sorted(p.name for p in root.glob("*") if p.suffix in (*_PICKLES, ".safetensors"))
        found = f" (it holds {singles[0]}, a single-file checkpoint)" if singles else ""
        raise ModelError(
            f"model folder {path} has no model_index.json{found}",
            cure="Name a folder in diffusers' layout, as pipeline.save_pretrained(folder) writes it.",
        )
    _check_entries(root)
    index = read_json(index_file)
    if index.get("_class_name") != PIPELINE:
        raise ModelError(
            f"{index_file} describes a {index.get('_class_name')!r} pipeline", cure=f"Use a model of {PIPELINE}."
        )
    classes = _declared(index, index_file)
    check_classes(classes, index_file)
    for component in classes:
        if not (root / component).is_dir():
            raise ModelError(
                f"model folder {root} lacks the component {component!r}",
                cure="Download or save the whole model again.",
            )
    for component, configs in CONFIGS.items():
        for name in configs:
            config = read_json(root / component / name)
            if "auto_map" in config:
                raise ModelError(
                    f"{root / component / name} asks for code of its own (auto_map)",
                    cure="Remote code is never run: use a model whose classes are in diffusers or transformers.",
                )
    _check_tokenizer(root / "tokenizer")
    check_fit(root, classes, {component: component_tensors(root, component) for component in WEIGHTS})


def component_tensors(root: Path, component: str) -> list[Tensor]:
    """All tensors of a component with weights, from its file or shards. Raises ModelError as check_folder."""
    stem = WEIGHTS[component]
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
                f"{index_file} names the shard {shard!r}, which is not a safetensors file beside it", cure=_SAVE_AGAIN
            )
        tensors += read_tensors(root / component / shard)
    absent = sorted(set(weight_map) - {t.name for t in tensors})
    if absent:
        raise ModelError(f"the shards of {index_file} lack the tensor {absent[0]!r}", cure=_SAVE_AGAIN)
    return tensors


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object. Raises ModelError where the file is missing, cut off or something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{file} is missing", cure="Download or save the whole model again.") from None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} is damaged or cannot be read ({error})", cure="Download or save the model again."
        ) from None
    if not isinstance(content, dict):
        raise ModelError(f"{file} is damaged: it does not hold an object", cure="Download or save the model again.")
    return content


def _check_entries(root: Path) -> None:
    """No Python files, no links that lead out."""
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


def _declared(index: dict[str, Any], index_file: Path) -> dict[str, str]:
    """The components that are loaded -> their classes, all of libraries that are trusted."""
    components = {k: v for k, v in index.items() if isinstance(v, list) and k not in _NOT_LOADED and v != [None, None]}
    for component in CONFIGS:
        if component not in components:
            raise ModelError(f"{index_file} has no component {component!r}", cure=f"Use a complete {PIPELINE}.")
    for component, declared in components.items():
        if len(declared) != 2 or declared[0] not in _LIBRARIES or not isinstance(declared[1], str):
            raise ModelError(
                f"{index_file} takes component {component!r} from {declared!r}",
                cure=f"Remote code is never run: components must come from {' or '.join(_LIBRARIES)}.",
            )
    return {component: declared[1] for component, declared in components.items()}


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
