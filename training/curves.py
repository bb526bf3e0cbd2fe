"""Draw the losses of both trainings over the samples seen: `python training/curves.py`, needs matplotlib."""

from __future__ import annotations

import json
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from settings import RESULTS

SHOWN = {
    "vae": ("AutoencoderKL", ("pixels", "edges", "seen")),
    "unet": ("UNet with text encoder", ("epsilon",)),
}
"""Log -> its title and the losses that are drawn."""


def log(name: str) -> list[dict[str, Any]]:
    """The lines of one training's log."""
    lines = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def main() -> None:
    mpl.rcParams["svg.hashsalt"] = "sdperf"  # the same curves give the same file
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(10, 3.6), layout="constrained")
    for axis, (name, (title, losses)) in zip(axes, SHOWN.items(), strict=True):
        lines = log(name)
        for loss in losses:
            points = [(line["samples"] / 1000, line[loss]) for line in lines if loss in line]
            axis.plot(*zip(*points, strict=True), label=loss, linewidth=1.2)
        axis.set(title=title, xlabel="thousand samples", yscale="log")
        axis.grid(visible=True, which="both", linewidth=0.3)
        axis.legend()
    figure.savefig(RESULTS / "curves.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
