"""Train the UNet with the text encoder: `python training/train_unet.py --minutes 60`; run it again to go on."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import checkpoints
import numpy as np
import torch
from captions import caption_for_training, merges
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from loop import Loop, Losses, autocast, shuffled
from painter import Scene
from pictures import pictures
from reader import as_batch
from settings import (
    MIN_SNR,
    PICTURES,
    SEED,
    TEXT_ENCODER,
    UNET,
    UNET_TRAINING,
    WORK,
    WRONG_CAPTIONS,
)
from train_vae import new_vae
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from pytest_sdperf.models.synthetic_shapes import SCHEDULER
from pytest_sdperf.models.vocabulary import tokenizer_files


class TextToLatents(torch.nn.Module):
    """The two networks that are trained together."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        torch.manual_seed(SEED)
        # torch's fused attention is slower than plain matrix products on CPUs, backward more than forward
        config = CLIPTextConfig(vocab_size=vocabulary, **TEXT_ENCODER)
        self.text_encoder = CLIPTextModel._from_config(config, attn_implementation="eager")  # noqa: SLF001
        self.unet = UNet2DConditionModel(**UNET)
        self.unet.set_attn_processor(AttnProcessor())

    def forward(self, latents: torch.Tensor, timesteps: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Noise in ``latents`` (n, 4, 16, 16), as seen under the captions ``tokens`` (n, 77)."""
        states = self.text_encoder(tokens).last_hidden_state
        return self.unet(latents, timesteps, states).sample


def new_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer, from the files that are bundled."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tokenizer_files(merges()).items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_text(text, encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)


@torch.no_grad()
def latents(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of every picture's latents, (PICTURES, 4, 16, 16), as encoded, not scaled."""
    digest = checkpoints.digest("vae")
    path = WORK / f"latents-{PICTURES}-{digest}.npy"
    if not path.exists():
        painted = pictures(PICTURES)
        vae = new_vae().to(device).eval()
        found = np.empty((2, PICTURES, 4, 16, 16), np.float16)
        for first in range(0, PICTURES, 64):
            with autocast(device):
                posterior = vae.encode(as_batch(painted[first : first + 64]).to(device)).latent_dist
            found[0, first : first + 64] = posterior.mean.float().cpu().numpy()
            found[1, first : first + 64] = posterior.std.float().cpu().numpy()
        np.save(path, found)
        print(f"encoded {PICTURES} pictures", file=sys.stderr, flush=True)
    mean, std = torch.from_numpy(np.load(path))
    return mean, std


def scaling_factor(mean: torch.Tensor, std: torch.Tensor) -> float:
    """What brings the latents to unit spread, as SD's 0.18215 does for its own autoencoder."""
    return float(1 / (mean.float().var() + (std.float() ** 2).mean()).sqrt())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after so long, with a checkpoint")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = new_tokenizer(WORK / "tokenizer")
    network = TextToLatents(len(tokenizer)).to(device)
    mean, std = latents(device)
    factor = scaling_factor(mean, std)
    scenes = [Scene.draw(seed) for seed in range(PICTURES)]
    known = _tokens(tokenizer, scenes)
    noising = DDPMScheduler.from_config(SCHEDULER)
    signal = noising.alphas_cumprod.to(device)
    snr = signal / (1 - signal)

    def losses(indices: torch.Tensor) -> Losses:
        wrong = WRONG_CAPTIONS[max(begin for begin in WRONG_CAPTIONS if begin <= loop.samples)]
        shown = [int(rng.integers(PICTURES)) if rng.random() < wrong else i for i in indices.tolist()]
        tokens = torch.stack([known[caption_for_training(scenes[i], rng)] for i in shown]).to(device)
        drawn = (mean[indices].float() + std[indices].float() * torch.randn_like(mean[indices].float())) * factor
        drawn = drawn.to(device)
        noise = torch.randn_like(drawn)
        timesteps = torch.randint(0, noising.config.num_train_timesteps, (len(indices),), device=device)
        seen = network(noising.add_noise(drawn, noise, timesteps), timesteps, tokens)
        error = ((seen.float() - noise) ** 2).mean(dim=(1, 2, 3))
        weight = snr[timesteps].clamp(max=MIN_SNR) / snr[timesteps]
        return {"total": (weight * error).mean(), "epsilon": error.mean()}

    loop = Loop("unet", network, UNET_TRAINING, losses, device)
    kept = checkpoints.load(loop.checkpoint)
    seed = SEED + (kept.samples if kept else 0)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    loop.run(shuffled(PICTURES, UNET_TRAINING.batch, seed), arguments.minutes)


def _tokens(tokenizer: CLIPTokenizer, scenes: list[Scene]) -> dict[str, torch.Tensor]:
    """Every caption that training can ask for -> its 77 tokens."""
    texts = {""}
    for s in scenes:
        texts |= {s.caption, f"{s.subject} in {s.weather}", f"{s.subject} by {s.painter}", s.subject}
    ordered = sorted(texts)
    tokens = tokenizer(ordered, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
    return dict(zip(ordered, tokens, strict=True))


if __name__ == "__main__":
    main()
