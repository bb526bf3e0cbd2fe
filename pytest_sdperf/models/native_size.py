"""The picture size a model was made for, read from its configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from pytest_sdperf.errors import ModelError

C = TypeVar("C", bound=msgspec.Struct)


class _UNet(msgspec.Struct, frozen=True):
    sample_size: int | tuple[int, int]
    "side of the latents, or (height, width)"


class _VAE(msgspec.Struct, frozen=True):
    block_out_channels: list[int]
    "one for each level; all but the last halve the picture"


def native_size(model_dir: Path) -> tuple[int, int]:
    """(height, width) in pixels: the UNet's ``sample_size`` times the VAE's reduction, as diffusers computes it.

    Raises ModelError where a configuration does not say.
    """
    unet = _read(model_dir / "unet" / "config.json", _UNet)
    vae = _read(model_dir / "vae" / "config.json", _VAE)
    side = unet.sample_size
    height, width = (side, side) if isinstance(side, int) else side
    reduction = 2 ** (len(vae.block_out_channels) - 1)
    return height * reduction, width * reduction


def _read(path: Path, kind: type[C]) -> C:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the model's own picture size cannot be read ({error})", where=str(path), cure="Give height and width."
        ) from error
