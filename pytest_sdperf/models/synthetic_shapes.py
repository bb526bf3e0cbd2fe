"""Configurations of the synthetic models: exact SD-1.5, and a tiny pipeline of the same classes and block types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]

Output = Mapping[str, "float | tuple[float, ...]"]
"""Tensor -> factor on a weight that is drawn at random, or the values of a bias."""


@dataclass(frozen=True)
class Shapes:
    """Every configuration of one synthetic model, and what gives its output the right spread."""

    index: Config
    "model_index.json: the pipeline's class, which says the family, and (library, class) of each component"
    configs: Mapping[str, Config]
    "component -> its configuration; tokenizers have none here"
    outputs: Mapping[str, Output]
    "component -> its tensors that are not drawn as all others are"


SCHEDULER: Config = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
}
"""`scheduler/scheduler_config.json` of SD-1.5, with the defaults of its day written out."""

MODEL_INDEX: Config = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def _unet(**shape: Any) -> Config:
    return {
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        "center_input_sample": False,
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 4,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-05,
        "norm_num_groups": 32,
        "out_channels": 4,
        **shape,
    }


def _vae(**shape: Any) -> Config:
    return {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "in_channels": 3,
        "latent_channels": 4,
        "norm_num_groups": 32,
        "out_channels": 3,
        "scaling_factor": 0.18215,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        **shape,
    }


def _text_encoder(**shape: Any) -> Config:
    return {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        # 2 is CLIP's historical value: transformers then pools at the highest id, which is our end token.
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "pad_token_id": 1,
        **shape,
    }


def _stable_diffusion(
    *,
    unet: Config,
    vae: Config,
    text_encoder: Config,
    unet_output_scale: float,
    vae_output_scale: float,
    vae_output_bias: tuple[float, float, float],
) -> Shapes:
    """A model of one text encoder, one UNet and one VAE.

    ``unet_output_scale``: factor on the UNet's `conv_out` that gives its noise prediction unit standard deviation.
    ``vae_output_scale``: factor on the decoder's `conv_out` that spreads pictures by about 0.22 around their mean (of
    0..1). ``vae_output_bias``: bias of the decoder's `conv_out` (R, G, B) that moves the mean colour to mid grey.
    """
    return Shapes(
        index=MODEL_INDEX,
        configs={"text_encoder": text_encoder, "unet": unet, "vae": vae, "scheduler": SCHEDULER},
        outputs={
            "unet": {"conv_out.weight": unet_output_scale},
            "vae": {"decoder.conv_out.weight": vae_output_scale, "decoder.conv_out.bias": vae_output_bias},
        },
    )


SHAPES: dict[str, Shapes] = {
    # Every value as in the configurations published with runwayml/stable-diffusion-v1-5.
    "sd15": _stable_diffusion(
        unet=_unet(
            attention_head_dim=8,
            block_out_channels=[320, 640, 1280, 1280],
            cross_attention_dim=768,
            down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
            layers_per_block=2,
            sample_size=64,
            up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
        ),
        vae=_vae(block_out_channels=[128, 256, 512, 512], layers_per_block=2, sample_size=512),
        text_encoder=_text_encoder(
            hidden_size=768,
            intermediate_size=3072,
            num_attention_heads=12,
            num_hidden_layers=12,
            projection_dim=768,
            vocab_size=49408,
        ),
        unet_output_scale=1.81,
        vae_output_scale=0.98,
        vae_output_bias=(-0.32, -0.06, -0.02),
    ),
    # Channels are multiples of 32, so that the bf16 and AMX kernels of a real model are chosen.
    "tiny": _stable_diffusion(
        unet=_unet(
            attention_head_dim=2,  # diffusers reads this as the number of heads: 32 and 64 channels each
            block_out_channels=[64, 128],
            cross_attention_dim=64,
            down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
            layers_per_block=1,
            sample_size=8,
            up_block_types=["UpBlock2D", "CrossAttnUpBlock2D"],
        ),
        vae=_vae(block_out_channels=[32, 32, 64, 64], layers_per_block=1, norm_num_groups=8, sample_size=64),
        text_encoder=_text_encoder(
            hidden_size=64,
            intermediate_size=256,
            num_attention_heads=2,
            num_hidden_layers=2,
            projection_dim=64,
            vocab_size=1024,
        ),
        unet_output_scale=1.83,
        vae_output_scale=0.82,
        vae_output_bias=(-0.08, 0.11, 0.22),
    ),
}
