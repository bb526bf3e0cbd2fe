"""Build a synthetic model from nothing but a seed, in diffusers' folder layout."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.configurations import INDEX, family_of_folder
from pytest_sdperf.models.synthetic_shapes import SHAPES, Output, Shapes
from pytest_sdperf.models.vocabulary import merges, tokenizer_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED = "pytest-sdperf synthetic 1"
"""Part of every tensor's seed; change it whenever `draw` changes, so that kept models are built anew."""


def recipe(kind: str) -> str:
    """sha256 (hex) of everything that `build` starts from: another recipe is another model."""
    ingredients = (SEED, SHAPES[kind], tokenizer_files(merges()))
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
    _write_json(root / INDEX, shapes.index)
    family = family_of_folder(root)
    for component in family.components:
        if component.name in family.tokenizers:
            for name, content in tokenizer_files(merges()).items():
                _write_json(root / component.name / name, content)
        else:
            _write_json(root / component.name / component.config, shapes.configs[component.name])
    return {"parameters": _write_weights(kind, shapes, family.weights, root)}


def _write_json(path: Path, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_weights(kind: str, shapes: Shapes, stems: Mapping[str, str], root: Path) -> dict[str, int]:
    """One component after the other, so that only one is in memory; returns their parameter counts."""
    import torch

    counts = {}
    for component, stem in stems.items():
        library, class_name = shapes.index[component]
        network_class: Any = getattr(importlib.import_module(library), class_name)
        config = shapes.configs[component]
        with torch.device("meta"):  # names and shapes only: nothing is allocated or drawn by torch
            if library == "transformers":
                network = network_class(network_class.config_class(**config))
            else:
                network = network_class.from_config(config)
            layout = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        output = shapes.outputs.get(component, {})
        path = root / component / f"{stem}.safetensors"
        counts[component] = _write_component(f"{kind}/{component}", layout, output, path)
    return counts


def _write_component(label: str, layout: dict[str, tuple[int, ...]], output: Output, path: Path) -> int:
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


def draw(model: str, name: str, shape: tuple[int, ...], scale: float = 1.0) -> NDArray[np.float32]:
    """The tensor ``name`` of ``model``: float32, of ``shape``.

    Matrices and kernels are uniform with variance scale² / fan-in, so that activations stay of order 1
    (LeCun et al., Efficient BackProp, 1998); embedding tables have variance 1; one-dimensional weights
    (norms) are 1, biases 0. Built from the raw bits of PCG64, whose stream numpy keeps for ever
    (NEP 19), with IEEE operations only: equal on every machine, under every numpy and thread count.
    """
    import numpy as np

    if len(shape) == 1:
        return np.full(shape, 0.0 if name.endswith(".bias") else 1.0, dtype=np.float32)
    seed = int.from_bytes(hashlib.sha256(f"{SEED}/{model}/{name}".encode()).digest()[:16], "little")
    count = math.prod(shape)
    words = np.random.PCG64(seed).random_raw((count + 1) // 2).astype("<u8", copy=False)
    unit = (words.view("<u4")[:count] >> 8).astype(np.float32)  # 24 random bits: exact in float32
    fan_in = 1 if name.endswith("_embedding.weight") else math.prod(shape[1:])
    bound = scale * math.sqrt(3 / fan_in)  # a uniform draw in ±bound has variance bound² / 3
    unit *= np.float32(2.0**-23)
    unit -= np.float32(1.0)
    unit *= np.float32(bound)
    return unit.reshape(shape)
