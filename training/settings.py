"""Every figure of the training in one place: the data, the model's shapes, the two trainings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

WORK = HERE / "work"
"""Pictures and latents: gigabytes, made again from the seeds when missing; not committed."""

CHECKPOINTS = HERE / "checkpoints"
"""One file a network, small enough to commit: a training goes on from it on any machine."""

RESULTS = HERE / "results"
"""Logs, curves and contact sheets; committed."""

SEED = 20261123

READER_SEED, EYE_SEED = SEED + 1, SEED + 2
"""Of the network that measures what a picture shows, and of the one that the autoencoder learns from."""

PICTURES = 24_000
"""Painted scenes that the UNet learns from; their seeds are 0 to PICTURES - 1."""

VAE_PICTURES = 12_000
"""The first of them, which the autoencoder learns from: each has hundreds of different crops."""

CROP_PX = 64
"""The autoencoder learns from crops: a whole picture costs four times as much and teaches little more."""

WHOLE_FROM = 0.97
"""From this share of its samples on it sees whole pictures, which its attention must get used to."""

HELD_OUT = range(1_000_000, 1_002_000)
"""Seeds of scenes that no training sees."""

DROPPED_CAPTIONS = 0.10
"""Share of samples whose caption is empty, so that classifier-free guidance works (Ho and Salimans, 2022)."""

PARTIAL_CAPTIONS = 0.10
"""Share of samples whose caption leaves weather, painter or both open."""

WRONG_CAPTIONS = {0: 0.0, 150_400: 0.55, 240_000: 0.20, 265_600: 0.15}
"""From so many samples on -> share of them whose caption is another picture's. A real model's captions are loose, too,
which is why it is guided by 7.5. With captions that were always right this one drew well at 3 and burnt its colours at
7.5; with more than half of them wrong it was sound at 7.5, and distinguished painters only at 17."""


@dataclass(frozen=True)
class Training:
    """One training run."""

    samples: int
    "pictures seen from beginning to end; the learning rate follows a cosine over them"
    batch: int
    learning_rate: float
    warm_up: int
    "samples over which the learning rate rises, at the beginning and after each resumption"
    ema: float
    "share of the averaged weights that a step keeps, for a batch as above"
    weight_decay: float = 0.01


VAE_TRAINING = Training(samples=130_000, batch=16, learning_rate=1e-3, warm_up=3_200, ema=0.998)
UNET_TRAINING = Training(samples=340_000, batch=32, learning_rate=8e-4, warm_up=6_400, ema=0.998)

KL_WEIGHT = 2e-3
"""Pull of each latent toward a unit normal, against the mean absolute error of the pixels. The first 95,000 samples had
1e-4: the latents then held ten bits each, more than a small UNet can learn to say."""

MIN_SNR = 5.0
"""Samples with more signal than this count less (Hang et al., 2023, "Efficient diffusion training via min-SNR")."""

EYE_WEIGHT = 0.3
"""Of the difference that the eye sees (`reader.py`), against the mean absolute error of the pixels: pixels alone
teach blur (Johnson et al., 2016, "Perceptual losses for real-time style transfer")."""

Config = dict[str, Any]

VAE: Config = {
    "act_fn": "silu",
    "block_out_channels": [16, 32, 64, 96],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "out_channels": 3,
    "sample_size": 128,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}

UNET: Config = {
    "act_fn": "silu",
    "attention_head_dim": 2,  # diffusers reads this as the number of heads: 32, 48 and 64 channels each
    "block_out_channels": [64, 96, 128],
    "center_input_sample": False,
    "cross_attention_dim": 128,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 1,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 16,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
}

TEXT_ENCODER: Config = {
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "dropout": 0.0,
    # 2 is CLIP's historical value: transformers then pools at the highest id, which is our end token
    "eos_token_id": 2,
    "hidden_act": "quick_gelu",
    "hidden_size": 128,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "intermediate_size": 512,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77,
    "model_type": "clip_text_model",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 1,
    "projection_dim": 128,
}
