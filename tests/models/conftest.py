"""Fixtures of a toy model, which is written without any library."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from toy_model import TENSORS, safetensors_bytes, write_toy


@pytest.fixture
def toy(tmp_path) -> Path:
    folder = tmp_path / "toy"
    write_toy(folder)
    return folder


@pytest.fixture
def pack():
    return safetensors_bytes


@pytest.fixture
def tensors():
    """The toy's tensors, by component, as `pack` takes them."""
    return copy.deepcopy(TENSORS)


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
