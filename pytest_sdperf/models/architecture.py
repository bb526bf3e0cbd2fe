"""Check that a model's parts are those of a StableDiffusionPipeline, and that they belong to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

import msgspec

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.networks import (
    NETWORKS,
    PIPELINE,
    VAES,
    AutoencoderKL,
    AutoencoderTiny,
    CLIPTextModel,
    Network,
    UNet2DConditionModel,
)
from pytest_sdperf.models.tensor_file import Tensor

_OF_ANY_CLASS = ("scheduler", "tokenizer", "feature_extractor", "image_encoder")

_LATENT_CHANNELS = 4
"""Of every Stable Diffusion 1 and 2; the pictures of all variants start from latents drawn with as many."""

_OTHER_INPUTS = {5: "a depth-to-image", 7: "an upscaling", 8: "a picture-editing", 9: "an inpainting"}
"""in_channels of UNets that are shown more than the latents -> the kind of model they are from."""

_ONE_MODEL = "Use a model whose parts were saved together, by pipeline.save_pretrained(folder)."

N = TypeVar("N", bound=Network)


def check_classes(classes: Mapping[str, str], index_file: Path) -> None:
    """Raise ModelError unless ``classes`` (component -> class) are those of a StableDiffusionPipeline."""
    for component, name in classes.items():
        if component in _OF_ANY_CLASS:
            continue
        if component not in NETWORKS:
            raise ModelError(
                f"{index_file} has the component {component!r}, which no {PIPELINE} has",
                cure="Use a model of Stable Diffusion 1 or 2: one text encoder, one UNet, one VAE.",
            )
        known = [network.__name__ for network in NETWORKS[component]]
        if name not in known:
            raise ModelError(
                f"{index_file} gives the component {component!r} the class {name!r}",
                cure=f"Use a model of Stable Diffusion 1 or 2, where it is {' or '.join(known)}.",
            )


def check_fit(root: Path, classes: Mapping[str, str], tensors: Mapping[str, Sequence[Tensor]]) -> None:
    """Raise ModelError where configurations contradict one another, or the weights (``tensors`` by component).

    For classes that `check_classes` accepts. Widths are compared with one another only, so that every
    size of Stable Diffusion 1 and 2 and of what was distilled from them is accepted.
    """
    text_encoder = _read(root, "text_encoder", CLIPTextModel)
    unet = _read(root, "unet", UNet2DConditionModel)
    vae = _read(root, "vae", next(kind for kind in VAES if kind.__name__ == classes["vae"]))
    _check_latents(unet, vae, root)
    _check_text(unet, text_encoder, root)
    for component, network in (("text_encoder", text_encoder), ("unet", unet), ("vae", vae)):
        _check_tensors(network, tensors[component], root / component)


def _check_latents(unet: UNet2DConditionModel, vae: AutoencoderKL | AutoencoderTiny, root: Path) -> None:
    if unet.in_channels != _LATENT_CHANNELS:
        other = _OTHER_INPUTS.get(unet.in_channels)
        raise ModelError(
            f"the UNet has in_channels={unet.in_channels}{f', that of {other} model' if other else ''}",
            where=str(_config(root, "unet")),
            cure=f"Use a text-to-image model, whose UNet sees the {_LATENT_CHANNELS} channels of the latents only.",
        )
    if vae.latent_channels != unet.in_channels:
        raise ModelError(
            f"the VAE has latent_channels={vae.latent_channels}, the UNet in_channels={unet.in_channels}",
            where=f"{_config(root, 'vae')}, {_config(root, 'unet')}",
            cure=f"They are of two models. {_ONE_MODEL}",
        )


def _check_text(unet: UNet2DConditionModel, text_encoder: CLIPTextModel, root: Path) -> None:
    name = "cross_attention_dim" if unet.encoder_hid_dim is None else "encoder_hid_dim"
    width: int | list[int] = getattr(unet, name)
    if any(w != text_encoder.hidden_size for w in (width if isinstance(width, list) else [width])):
        raise ModelError(
            f"the text encoder has hidden_size={text_encoder.hidden_size}, the UNet {name}={width}",
            where=f"{_config(root, 'text_encoder')}, {_config(root, 'unet')}",
            cure=f"They are of two models (Stable Diffusion 1 has 768, 2 has 1024). {_ONE_MODEL}",
        )


def _check_tensors(network: Network, tensors: Sequence[Tensor], folder: Path) -> None:
    for pattern, shape in network.tensors.items():
        found = [tensor for tensor in tensors if fnmatchcase(tensor.name, pattern)]
        if not found:
            example = f"; it has {min(t.name for t in tensors)!r}" if tensors else ""
            raise ModelError(
                f"the weights in {folder} are not those of {type(network).__name__}: no tensor {pattern!r}{example}",
                cure=_ONE_MODEL,
            )
        for tensor in found:
            if len(tensor.shape) != len(shape) or any(
                w not in (None, s) for s, w in zip(tensor.shape, shape, strict=True)
            ):
                raise ModelError(
                    f"tensor {tensor.name!r} has the shape {_by(tensor.shape)}, the configuration says {_by(shape)}",
                    where=f"{tensor.file}, {folder / 'config.json'}",
                    cure=f"They are of two models. {_ONE_MODEL}",
                )


def _by(shape: Sequence[int | None]) -> str:
    """(320, 4, 3, 3) -> ``320x4x3x3``."""
    return "x".join("?" if side is None else str(side) for side in shape) or "of a single number"


def _read(root: Path, component: str, kind: type[N]) -> N:
    file = _config(root, component)
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is not the configuration of {kind.__name__} ({error})", cure=_ONE_MODEL) from error


def _config(root: Path, component: str) -> Path:
    return root / component / "config.json"
