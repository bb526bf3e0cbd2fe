"""Train the autoencoder: `python training/train_vae.py --minutes 60`; run it again to go on."""

from __future__ import annotations

import argparse

import checkpoints
import torch
from diffusers import AutoencoderKL
from loop import Loop, Losses, shuffled
from pictures import pictures
from reader import Reader, as_batch, trained_eye
from settings import CHECKPOINTS, CROP_PX, EYE_WEIGHT, KL_WEIGHT, SEED, VAE, VAE_PICTURES, VAE_TRAINING, WHOLE_FROM
from torch.nn import functional


def new_vae() -> AutoencoderKL:
    """The autoencoder as trained so far; its scaling factor is set when it is bundled."""
    torch.manual_seed(SEED)
    vae = AutoencoderKL(**VAE)
    kept = checkpoints.load(CHECKPOINTS / "vae.safetensors")
    if kept is not None:
        vae.load_state_dict(kept.tensors)
    return vae


def losses_of(vae: AutoencoderKL, eye: Reader, batch: torch.Tensor) -> Losses:
    """``batch`` (n, 3, height, width), -1 to 1.

    Pixels, edges, coarse tones and what the eye sees count by mean absolute error.
    """
    posterior = vae.encode(batch).latent_dist
    drawn = vae.decode(posterior.sample()).sample
    with torch.no_grad():
        wanted = eye.maps(batch)
    seen = sum((a.float() - b.float()).abs().mean() for a, b in zip(eye.maps(drawn), wanted, strict=True))
    drawn, batch = drawn.float(), batch.float()
    pixels = (drawn - batch).abs().mean()
    edges = sum((drawn.diff(dim=axis) - batch.diff(dim=axis)).abs().mean() for axis in (2, 3))
    tones = sum(
        (functional.avg_pool2d(drawn, size) - functional.avg_pool2d(batch, size)).abs().mean() for size in (4, 16)
    )
    kl = posterior.kl().mean() / posterior.mean[0].numel()
    total = pixels + edges + 0.5 * tones + EYE_WEIGHT * seen + KL_WEIGHT * kl
    return {"total": total, "pixels": pixels, "edges": edges, "seen": seen, "kl": kl}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after so long, with a checkpoint")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    painted = torch.from_numpy(pictures(VAE_PICTURES))
    eye = trained_eye().to(device).requires_grad_(False)
    vae = AutoencoderKL(**VAE).to(device)

    def losses(indices: torch.Tensor) -> Losses:
        whole = loop.samples >= WHOLE_FROM * VAE_TRAINING.samples
        chosen = painted[indices] if whole else _crops(painted[indices])
        return losses_of(vae, eye, as_batch(chosen).to(device))

    loop = Loop("vae", vae, VAE_TRAINING, losses, device)
    kept = checkpoints.load(loop.checkpoint)
    seed = SEED + (kept.samples if kept else 0)
    torch.manual_seed(seed)
    loop.run(shuffled(VAE_PICTURES, VAE_TRAINING.batch, seed), arguments.minutes)


def _crops(pictures: torch.Tensor) -> torch.Tensor:
    """(n, CROP_PX, CROP_PX, 3): one crop at random of each picture."""
    corners = torch.randint(0, pictures.shape[1] - CROP_PX + 1, (len(pictures), 2)).tolist()
    crops = [p[y : y + CROP_PX, x : x + CROP_PX] for p, (y, x) in zip(pictures, corners, strict=True)]
    return torch.stack(crops)


if __name__ == "__main__":
    main()
