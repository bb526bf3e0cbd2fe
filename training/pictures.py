"""Paint the training pictures once, on every core, into one file: `python training/pictures.py`."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from painter import SIZE_PX, Scene, paint
from settings import PICTURES, WORK

_CHUNK = 250
"""Pictures a process paints at a time; every count is a multiple."""


def pictures(count: int) -> NDArray[np.uint8]:
    """The first ``count``, (count, 128, 128, 3), mapped from disk; all PICTURES are painted where they are missing."""
    path = WORK / f"pictures-{PICTURES}.npy"
    if not path.exists():
        _paint_all(path)
    return np.load(path, mmap_mode="c")[:count]


def _paint_all(path: Path) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    file = np.lib.format.open_memmap(draft, mode="w+", dtype=np.uint8, shape=(PICTURES, SIZE_PX, SIZE_PX, 3))
    with multiprocessing.Pool() as pool:
        for number, chunk in enumerate(pool.imap(_painted, range(0, PICTURES, _CHUNK))):
            file[number * _CHUNK : number * _CHUNK + len(chunk)] = chunk
            print(f"painted {(number + 1) * _CHUNK} of {PICTURES}", file=sys.stderr, flush=True)
    file.flush()
    draft.rename(path)


def _painted(first: int) -> NDArray[np.uint8]:
    return np.stack([paint(Scene.draw(seed)) for seed in range(first, first + _CHUNK)])


if __name__ == "__main__":
    pictures(PICTURES)
