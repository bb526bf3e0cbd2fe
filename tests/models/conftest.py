"""A complete toy pipeline folder, a few kilobytes, written without any library."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from pytest_sdperf.models.shapes import MODEL_INDEX, SCHEDULER, SHAPES
from pytest_sdperf.models.vocabulary import tokenizer_files

WEIGHT_FILES = {
    "text_encoder": "model.safetensors",
    "unet": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
}


def safetensors_bytes(tensors: dict[str, list[float]], **changes) -> bytes:
    """A safetensors file of float32 vectors; ``changes`` replace fields of every header entry."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        entry = {"dtype": "F32", "shape": [len(values)], "data_offsets": [len(data), len(data) + len(packed)]}
        header[name] = {**entry, **changes}
        data += packed
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_toy(folder: Path) -> None:
    def put(name: str, content: object) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    put("model_index.json", MODEL_INDEX)
    put("scheduler/scheduler_config.json", SCHEDULER)
    for name, content in tokenizer_files().items():
        put(f"tokenizer/{name}", content)
    shapes = SHAPES["tiny"]
    for component, file in WEIGHT_FILES.items():
        put(f"{component}/config.json", getattr(shapes, component))
        (folder / component / file).write_bytes(safetensors_bytes({"a.weight": [1.0, 2.0], "b.bias": [0.5]}))


@pytest.fixture
def toy(tmp_path) -> Path:
    folder = tmp_path / "toy"
    write_toy(folder)
    return folder


@pytest.fixture
def pack():
    return safetensors_bytes


@pytest.fixture
def fill():
    return write_toy


@pytest.fixture
def edit_json():
    def edit(path: Path, **changes) -> None:
        content = json.loads(path.read_text())
        content.update(changes)
        path.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))

    return edit
