"""Keep a network's averaged weights in half precision, with how far its training is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from settings import CHECKPOINTS


@dataclass(frozen=True)
class Checkpoint:
    """Half precision is enough: training goes on in float32, and finds Adam's moments again in a warm-up."""

    samples: int
    tensors: dict[str, torch.Tensor]


def save(path: Path, tensors: dict[str, torch.Tensor], samples: int) -> None:
    """Write by renaming, so that a training that is killed leaves the earlier file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in tensors.items()}
    draft = path.with_suffix(".tmp")
    save_file(half, draft, metadata={"samples": str(samples), "format": "pt"})
    draft.replace(path)


def load(path: Path) -> Checkpoint | None:
    """What `save` wrote, as float32; None where there is no file."""
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        tensors: dict[str, Any] = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        return Checkpoint(int(file.metadata()["samples"]), tensors)


def digest(name: str) -> str:
    """12 hex digits that change with the file: what was made with one autoencoder is not used with another."""
    path = CHECKPOINTS / f"{name}.safetensors"
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()[:12]
