"""Stable Diffusion 1 and 2, and what was distilled from them: one CLIP text encoder, one UNet, one VAE."""

from __future__ import annotations

from pytest_sdperf.models.families.family import (
    TEXT_TO_IMAGE,
    Component,
    Family,
    Latents,
    Match,
    PipelineClass,
    Setting,
    Stage,
    Task,
)

_UNET_CHANNELS = Setting("unet", ("in_channels",), called="the UNet")

STABLE_DIFFUSION = Family(
    name="Stable Diffusion 1 or 2",
    tasks={
        TEXT_TO_IMAGE: Task(
            PipelineClass("StableDiffusionPipeline", {"safety_checker": None, "requires_safety_checker": False}),
            # text to image never encodes a picture: the encoder is neither compiled nor held in memory
            PipelineClass("OVStableDiffusionPipeline", {"vae_encoder": None, "safety_checker": None}),
        )
    },
    components=(
        Component("text_encoder", ("CLIPTextModel",), weights="model", own_tensor="*token_embedding.weight"),
        Component("tokenizer", config="tokenizer_config.json"),
        Component("unet", ("UNet2DConditionModel",), weights="diffusion_pytorch_model", own_tensor="conv_in.weight"),
        Component(
            "vae", ("AutoencoderKL", "AutoencoderTiny"), weights="diffusion_pytorch_model", own_tensor="decoder.*"
        ),
        Component("scheduler", config="scheduler_config.json"),
    ),
    optional=("feature_extractor", "image_encoder"),
    not_loaded=("safety_checker", "requires_safety_checker"),
    stages=(
        Stage("text_encoder", ("text_encoder", "forward"), "text_encoder", "text encoder"),
        Stage("unet", ("unet", "forward"), "unet", "UNet", sized=True),
        Stage("vae_decode", ("vae", "decode"), "vae_decoder", "VAE decoder", sized=True),
    ),
    denoiser="unet",
    decoder="vae_decode",
    tokenizers=("tokenizer",),
    latents=Latents(channels=4, scale=8),
    input_channels=_UNET_CHANNELS,
    sample_size=Setting("unet", ("sample_size",), called="the UNet"),
    matches=(
        Match(Setting("vae", ("latent_channels",), called="the VAE"), _UNET_CHANNELS),
        Match(
            Setting("text_encoder", ("hidden_size",), called="the text encoder"),
            # a UNet with a projection of its own takes texts of that width
            Setting("unet", ("encoder_hid_dim", "cross_attention_dim"), called="the UNet"),
            hint=" (Stable Diffusion 1 has 768, 2 has 1024)",
        ),
    ),
    other_inputs={5: "a depth-to-image", 7: "an upscaling", 8: "a picture-editing", 9: "an inpainting"},
)
