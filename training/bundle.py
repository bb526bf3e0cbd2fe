"""Write the trained model into the package, in half precision, with its digests: `python training/bundle.py`."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import checkpoints
import torch
from captions import merges
from safetensors.torch import save_file
from settings import CHECKPOINTS, HERE, TEXT_ENCODER, UNET, VAE, Config
from train_unet import latents, scaling_factor

from pytest_sdperf.models.synthetic_shapes import MODEL_INDEX, SCHEDULER
from pytest_sdperf.models.vocabulary import tokenizer_files

PACKAGE = HERE.parent / "pytest_sdperf" / "models" / "bundle"


def write(folder: Path) -> None:
    """Everything in diffusers' layout; `digests.json` (file -> sha256) last."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    files = tokenizer_files(merges())
    vae: Config = {
        "_class_name": "AutoencoderKL",
        **VAE,
        "scaling_factor": round(scaling_factor(*latents(device)), 5),
    }
    vocabulary: Any = files["vocab.json"]
    text_encoder: Config = {"architectures": ["CLIPTextModel"], **TEXT_ENCODER, "vocab_size": len(vocabulary)}
    _json(folder / "model_index.json", MODEL_INDEX)
    _json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    _json(folder / "vae" / "config.json", vae)
    _json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **UNET})
    _json(folder / "text_encoder" / "config.json", text_encoder)
    for name, content in files.items():
        _json(folder / "tokenizer" / name, content)
    both = _weights("unet")
    _save(folder / "vae" / "diffusion_pytorch_model.safetensors", _weights("vae"))
    _save(folder / "unet" / "diffusion_pytorch_model.safetensors", _part(both, "unet."))
    _save(folder / "text_encoder" / "model.safetensors", _part(both, "text_encoder."))
    written = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "digests.json")
    digests = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in written}
    _json(folder / "digests.json", digests)


def _weights(name: str) -> dict[str, torch.Tensor]:
    kept = checkpoints.load(CHECKPOINTS / f"{name}.safetensors")
    if kept is None:
        raise SystemExit(f"no checkpoint of {name}: train it first")
    return kept.tensors


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _save(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    half = {name: t.to(torch.float16).contiguous() for name, t in tensors.items() if t.is_floating_point()}
    save_file(half, path, metadata={"format": "pt"})


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--folder", type=Path, default=PACKAGE, help="where to write it")
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
