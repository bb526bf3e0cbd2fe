"""A small network that reads subject, weather and painter off a picture; it learns from painted scenes only.

`python training/reader.py` trains it and tells how well it reads scenes that it has not seen. It is a measuring
device, not a part of the model, and is not shipped. The autoencoder learns from another one, the eye, which begins
from other weights and sees the pictures in another order: what measures must not be what was trained for.
"""

from __future__ import annotations

import argparse
import math
import time
from itertools import pairwise

import checkpoints
import numpy as np
import torch
from loop import autocast
from numpy.typing import NDArray
from painter import PAINTERS, SUBJECTS, WEATHERS, Scene, paint
from pictures import pictures
from settings import CHECKPOINTS, EYE_SEED, HELD_OUT, READER_SEED, VAE_PICTURES
from torch import nn
from torch.nn import functional

NAMES = {"subject": SUBJECTS, "weather": WEATHERS, "painter": PAINTERS}
"""What is read, and its answers in the order of the network's outputs."""

BATCH, LEARNING_RATE = 64, 2e-3


class Reader(nn.Module):
    """Convolutions that halve the picture five times, and one linear answer for each of NAMES."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 128, 128)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.SiLU())
            for before, after in pairwise(widths)
        )
        self.end = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2))
        self.heads = nn.ModuleDict({part: nn.Linear(128 * 4, len(names)) for part, names in NAMES.items()})

    def maps(self, batch: torch.Tensor) -> list[torch.Tensor]:
        """What each stage sees in (n, 3, height, width), -1 to 1: from edges to forms, each half as large."""
        seen = []
        for stage in self.stages:
            batch = stage(batch)
            seen.append(batch)
        return seen

    def forward(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """(n, 3, 128, 128), -1 to 1 -> the scores of each part's names."""
        seen = self.end(self.maps(batch)[-1])
        return {part: head(seen) for part, head in self.heads.items()}


def as_batch(painted: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
    """(n, height, width, 3) bytes -> (n, 3, height, width), -1 to 1: what reader and autoencoder take.

    Plain order of memory: torch's group norm is three times slower with the channels last (torch 2.8, CPU).
    """
    return (torch.as_tensor(painted).permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous()


def labels(scenes: list[Scene]) -> dict[str, torch.Tensor]:
    """The right answers, by part."""
    return {part: torch.tensor([names.index(getattr(s, part)) for s in scenes]) for part, names in NAMES.items()}


def trained_reader() -> Reader:
    """The measuring device."""
    return _trained("reader", READER_SEED)


def trained_eye() -> Reader:
    """What the autoencoder learns from."""
    return _trained("eye", EYE_SEED)


def _trained(name: str, seed: int, epochs: int = 4) -> Reader:
    """Trained now, or read from where an earlier training left it."""
    path = CHECKPOINTS / f"{name}.safetensors"
    torch.manual_seed(seed)
    reader = Reader()
    kept = checkpoints.load(path)
    if kept is not None:
        reader.load_state_dict(kept.tensors)
        return reader.eval()
    painted, scenes = pictures(VAE_PICTURES), [Scene.draw(seed) for seed in range(VAE_PICTURES)]
    right = labels(scenes)
    optimiser = torch.optim.AdamW(reader.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    total, step = epochs * (VAE_PICTURES // BATCH), 0
    for epoch in range(epochs):
        begun, losses = time.monotonic(), []
        for chosen in torch.randperm(VAE_PICTURES).split(BATCH)[: VAE_PICTURES // BATCH]:
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / total))
            with autocast(torch.device("cpu")):
                answers = reader(_disturbed(as_batch(painted[chosen.numpy()])))
                loss = sum(functional.cross_entropy(a, right[part][chosen]) for part, a in answers.items())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
            step += 1
        print(f"{name}, epoch {epoch + 1}: loss {np.mean(losses):.3f}, {time.monotonic() - begun:.0f} s", flush=True)
    checkpoints.save(path, reader.state_dict(), VAE_PICTURES * epochs)
    return reader.eval()


def _disturbed(batch: torch.Tensor) -> torch.Tensor:
    """Softer and noisier at random, so that it reads forms and not the paint's finest grain."""
    if torch.rand(()) < 0.5:
        batch = functional.avg_pool2d(batch, 3, stride=1, padding=1, count_include_pad=False)
    return batch + 0.1 * torch.rand(()) * torch.randn_like(batch)


@torch.no_grad()
def shares_right(reader: Reader, drawn: NDArray[np.uint8], scenes: list[Scene]) -> dict[str, float]:
    """Part -> the share of pictures (n, 128, 128, 3) that are read as what ``scenes`` say."""
    right = labels(scenes)
    found: dict[str, list[torch.Tensor]] = {part: [] for part in NAMES}
    for first in range(0, len(drawn), BATCH):
        for part, answers in reader(as_batch(drawn[first : first + BATCH])).items():
            found[part].append(answers.argmax(1) == right[part][first : first + BATCH])
    return {part: float(torch.cat(hits).float().mean()) for part, hits in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--held-out", type=int, default=600, help="painted scenes to read that no training saw")
    arguments = parser.parse_args()
    reader = trained_reader()
    scenes = [Scene.draw(seed) for seed in HELD_OUT[: arguments.held_out]]
    drawn = np.stack([paint(s) for s in scenes])
    print(shares_right(reader, drawn, scenes))
    for part, names in NAMES.items():
        for name in names:
            chosen = [i for i, s in enumerate(scenes) if getattr(s, part) == name]
            share = shares_right(reader, drawn[chosen], [scenes[i] for i in chosen])[part]
            print(f"{part} {name}: {share:.3f} of {len(chosen)}")


if __name__ == "__main__":
    main()
