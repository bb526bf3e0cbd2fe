"""Pictures side by side for people: `python training/contact_sheet.py painted|rebuilt|generated --out FILE.png`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from bundle import write
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from painter import PAINTERS, SUBJECTS, WEATHERS, Scene, paint
from PIL import Image
from settings import HELD_OUT, WORK
from train_vae import new_vae

Pictures = list[NDArray[np.uint8]]

GUIDANCE, STEPS = 4.0, 20


def scenes(rows: int) -> list[Scene]:
    """Eight columns, a subject each; weathers and painters change from picture to picture; held-out seeds."""
    found = []
    for number in range(rows * len(SUBJECTS)):
        row, column = divmod(number, len(SUBJECTS))
        found.append(
            Scene.draw(
                HELD_OUT[number],
                subject=SUBJECTS[column],
                weather=WEATHERS[(row + column) % len(WEATHERS)],
                painter=PAINTERS[(row * 5 + column * 3 + row // 6) % len(PAINTERS)],
            )
        )
    return found


@torch.no_grad()
def rebuilt(chosen: list[Scene]) -> Pictures:
    """Each painted picture above what the autoencoder makes of it."""
    vae = new_vae().eval()
    sheet: Pictures = []
    for first in range(0, len(chosen), len(SUBJECTS)):
        painted = [paint(s) for s in chosen[first : first + len(SUBJECTS)]]
        batch = torch.from_numpy(np.stack(painted)).permute(0, 3, 1, 2).float() / 127.5 - 1
        drawn = vae.decode(vae.encode(batch).latent_dist.mode()).sample.permute(0, 2, 3, 1)
        sheet += [*painted, *((drawn.clamp(-1, 1) + 1) * 127.5).round().numpy().astype(np.uint8)]
    return sheet


def generated(chosen: list[Scene], guidance: float) -> Pictures:
    """What the trained model draws for the captions."""
    folder = WORK / "pipeline"
    write(folder)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    sheet: Pictures = []
    for first in range(0, len(chosen), len(SUBJECTS)):
        captions = [s.caption for s in chosen[first : first + len(SUBJECTS)]]
        seeds = [torch.Generator().manual_seed(s.seed) for s in chosen[first : first + len(SUBJECTS)]]
        drawn = pipeline(
            captions,
            num_inference_steps=STEPS,
            guidance_scale=guidance,
            height=128,
            width=128,
            generator=seeds,
            output_type="np",
        ).images
        sheet += list((drawn * 255).round().astype(np.uint8))
    return sheet


def tiled(pictures: Pictures, columns: int = len(SUBJECTS), scale: int = 1) -> Image.Image:
    """One picture of all, ``columns`` wide."""
    rows = [np.concatenate(pictures[at : at + columns], axis=1) for at in range(0, len(pictures), columns)]
    sheet = Image.fromarray(np.concatenate(rows))
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("kind", choices=("painted", "rebuilt", "generated"))
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--scale", type=int, default=1, help="times larger")
    arguments = parser.parse_args()
    chosen = scenes(arguments.rows)
    if arguments.kind == "painted":
        pictures = [paint(s) for s in chosen]
    else:
        pictures = rebuilt(chosen) if arguments.kind == "rebuilt" else generated(chosen, arguments.guidance)
    tiled(pictures, scale=arguments.scale).save(arguments.out)


if __name__ == "__main__":
    main()
