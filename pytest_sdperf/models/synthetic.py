"""Build a synthetic Stable Diffusion model from a seed, in diffusers' folder layout."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.shapes import MODEL_INDEX, SCHEDULER, SHAPES, Shapes
from pytest_sdperf.models.vocabulary import merges, tokenizer_files
from pytest_sdperf.models.weights import SEED, draw


def recipe(kind: str) -> str:
    """sha256 (hex) of everything that `build` starts from: another recipe is another model."""
    ingredients = (SEED, SHAPES[kind], SCHEDULER, MODEL_INDEX, tokenizer_files(merges()))
    return hashlib.sha256(repr(ingredients).encode()).hexdigest()


def build(kind: str, destination: str) -> dict[str, Any]:
    """Write the model ``kind`` (a key of SHAPES) into the folder ``destination``, which may exist.

    Returns the number of parameters of each component that has any. Weights are float32. Needs torch:
    call it in a worker. Equal to the byte on every machine: nothing is computed with the model, its
    output scales are constants.
    """
    if kind not in SHAPES:
        raise ModelError(f"unknown synthetic model {kind!r}", cure=f"Use one of: {', '.join(sorted(SHAPES))}.")
    root = Path(destination)
    shapes = SHAPES[kind]
    _write_json(root / "model_index.json", MODEL_INDEX)
    _write_json(root / "scheduler" / "scheduler_config.json", SCHEDULER)
    for name, content in tokenizer_files(merges()).items():
        _write_json(root / "tokenizer" / name, content)
    _write_json(root / "text_encoder" / "config.json", shapes.text_encoder)
    _write_json(root / "unet" / "config.json", shapes.unet)
    _write_json(root / "vae" / "config.json", shapes.vae)
    return {"parameters": _write_weights(kind, shapes, root)}


def _write_json(path: Path, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_weights(kind: str, shapes: Shapes, root: Path) -> dict[str, int]:
    """One component after the other, so that only one is in memory; returns their parameter counts."""
    import torch

    # Any: these libraries are typed in part, and absent where the types are checked.
    diffusers: Any = importlib.import_module("diffusers")
    transformers: Any = importlib.import_module("transformers")
    makers: dict[str, tuple[str, Callable[[], Any]]] = {
        "text_encoder": (
            "model",
            lambda: transformers.CLIPTextModel(transformers.CLIPTextConfig(**shapes.text_encoder)),
        ),
        "unet": ("diffusion_pytorch_model", lambda: diffusers.UNet2DConditionModel.from_config(shapes.unet)),
        "vae": ("diffusion_pytorch_model", lambda: diffusers.AutoencoderKL.from_config(shapes.vae)),
    }
    counts = {}
    for component, (stem, make) in makers.items():
        with torch.device("meta"):  # names and shapes only: nothing is allocated or drawn by torch
            layout = {name: tuple(tensor.shape) for name, tensor in make().state_dict().items()}
        path = root / component / f"{stem}.safetensors"
        counts[component] = _write_component(f"{kind}/{component}", layout, _output(component, shapes), path)
    return counts


def _output(component: str, shapes: Shapes) -> dict[str, Any]:
    """Tensors that set the spread of the output: name -> scale of the weight, or values of the bias."""
    if component == "unet":
        return {"conv_out.weight": shapes.unet_output_scale}
    if component == "vae":
        return {"decoder.conv_out.weight": shapes.vae_output_scale, "decoder.conv_out.bias": shapes.vae_output_bias}
    return {}


def _write_component(label: str, layout: dict[str, tuple[int, ...]], output: dict[str, Any], path: Path) -> int:
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {}
    for name, shape in layout.items():
        special = output.get(name, 1.0)
        if isinstance(special, tuple):
            tensors[name] = np.array(special, dtype=np.float32)
        else:
            tensors[name] = draw(label, name, shape, special)
    save_file(tensors, path, metadata={"format": "pt"})  # diffusers refuses a file without this mark
    return sum(t.size for t in tensors.values())
