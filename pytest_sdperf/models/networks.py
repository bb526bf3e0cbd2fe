"""The networks of a StableDiffusionPipeline: what their configurations say, and which tensors that makes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

PIPELINE = "StableDiffusionPipeline"

Shapes: TypeAlias = "dict[str, tuple[int | None, ...]]"
"""Pattern of tensors' names -> their shape, None for a side that the configuration does not tell.

Only a few telling tensors, which every network of the class has in every version of the libraries.
"""

Channels: TypeAlias = Annotated[list[int], msgspec.Meta(min_length=1)]


class CLIPTextModel(msgspec.Struct, frozen=True):
    hidden_size: int
    vocab_size: int

    @property
    def tensors(self) -> Shapes:
        # Some versions of transformers write `text_model.` in front of every name, others do not.
        return {"*embeddings.token_embedding.weight": (self.vocab_size, self.hidden_size)}


class UNet2DConditionModel(msgspec.Struct, frozen=True):
    in_channels: int
    out_channels: int
    block_out_channels: Channels
    cross_attention_dim: int | list[int]
    "one number, or one for each block"
    encoder_hid_dim: int | None = None
    "width of texts that the UNet itself brings to `cross_attention_dim`"
    conv_in_kernel: int = 3
    conv_out_kernel: int = 3

    @property
    def tensors(self) -> Shapes:
        first = self.block_out_channels[0]
        text = self.cross_attention_dim if isinstance(self.cross_attention_dim, int) else None
        return {
            "conv_in.weight": (first, self.in_channels, self.conv_in_kernel, self.conv_in_kernel),
            "conv_out.weight": (self.out_channels, first, self.conv_out_kernel, self.conv_out_kernel),
            "*.attn2.to_k.weight": (None, text),
        }


class AutoencoderKL(msgspec.Struct, frozen=True):
    latent_channels: int
    out_channels: int
    block_out_channels: Channels

    @property
    def tensors(self) -> Shapes:
        return {
            "decoder.conv_in.weight": (self.block_out_channels[-1], self.latent_channels, 3, 3),
            "decoder.conv_out.weight": (self.out_channels, self.block_out_channels[0], 3, 3),
        }


class AutoencoderTiny(msgspec.Struct, frozen=True):
    latent_channels: int
    decoder_block_out_channels: Channels

    @property
    def tensors(self) -> Shapes:
        return {"decoder.layers.0.weight": (self.decoder_block_out_channels[0], self.latent_channels, 3, 3)}


Network: TypeAlias = "CLIPTextModel | UNet2DConditionModel | AutoencoderKL | AutoencoderTiny"

VAES: tuple[type[AutoencoderKL | AutoencoderTiny], ...] = (AutoencoderKL, AutoencoderTiny)

NETWORKS: dict[str, tuple[type[Network], ...]] = {
    "text_encoder": (CLIPTextModel,),
    "unet": (UNet2DConditionModel,),
    "vae": VAES,
}
"""Component -> the classes that it may be of, under the names that model_index.json calls them by."""
