"""Pictures side by side for people: `python training/contact_sheet.py painted|rebuilt|generated --out FILE.png`.

What is rebuilt or generated stands below what was painted for the same caption, and is also read by the reader.
"""

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
from reader import shares_right, trained_reader
from settings import HELD_OUT, WORK
from train_vae import new_vae

Pictures = NDArray[np.uint8]
"""(n, 128, 128, 3)"""

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
def rebuilt(painted: Pictures) -> Pictures:
    """What the autoencoder makes of painted pictures."""
    vae = new_vae().eval()
    made = []
    for batch in torch.from_numpy(painted).split(len(SUBJECTS)):
        seen = batch.permute(0, 3, 1, 2).float() / 127.5 - 1
        drawn = vae.decode(vae.encode(seen).latent_dist.mode()).sample.permute(0, 2, 3, 1)
        made.append(((drawn.clamp(-1, 1) + 1) * 127.5).round().numpy().astype(np.uint8))
    return np.concatenate(made)


def generated(chosen: list[Scene], guidance: float) -> Pictures:
    """What the trained model draws for the captions."""
    folder = WORK / "pipeline"
    write(folder)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    made = []
    for first in range(0, len(chosen), len(SUBJECTS)):
        some = chosen[first : first + len(SUBJECTS)]
        drawn = pipeline(
            [s.caption for s in some],
            num_inference_steps=STEPS,
            guidance_scale=guidance,
            height=128,
            width=128,
            generator=[torch.Generator().manual_seed(s.seed) for s in some],
            output_type="np",
        ).images
        made.append((drawn * 255).round().astype(np.uint8))
    return np.concatenate(made)


def tiled(pictures: Pictures, columns: int = len(SUBJECTS), scale: int = 1) -> Image.Image:
    """One picture of all, ``columns`` wide."""
    rows = [np.concatenate(list(row), axis=1) for row in np.split(pictures, len(pictures) // columns)]
    sheet = Image.fromarray(np.concatenate(rows))
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.LANCZOS)


def in_pairs(above: Pictures, below: Pictures, columns: int = len(SUBJECTS)) -> Pictures:
    """Rows of both in turn, so that what belongs together stands one above the other."""
    rows = [p.reshape(-1, columns, *p.shape[1:]) for p in (above, below)]
    return np.stack(rows, axis=1).reshape(-1, *above.shape[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("kind", choices=("painted", "rebuilt", "generated"))
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--scale", type=int, default=1, help="times larger")
    arguments = parser.parse_args()
    chosen = scenes(arguments.rows)
    painted = np.stack([paint(s) for s in chosen])
    if arguments.kind == "painted":
        tiled(painted, scale=arguments.scale).save(arguments.out)
        return
    made = rebuilt(painted) if arguments.kind == "rebuilt" else generated(chosen, arguments.guidance)
    tiled(in_pairs(painted, made), scale=arguments.scale).save(arguments.out)
    print("read right:", shares_right(trained_reader(), made, chosen))


if __name__ == "__main__":
    main()
