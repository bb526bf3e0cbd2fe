"""Smooth noise: clouds, hills, waves and the flow of a brush."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def field(rng: np.random.Generator, size_px: int, cells: tuple[int, int], octaves: int = 1) -> NDArray[np.float32]:
    """(size, size), about 0 to 1: random values on (rows, columns) of cells, smoothly joined; each octave is finer."""
    total = np.zeros((size_px, size_px), np.float32)
    weight = 0.0
    for octave in range(octaves):
        rows, columns = (c * 2**octave + 1 for c in cells)
        grid = Image.fromarray(rng.random((rows, columns), np.float32))
        total += np.asarray(grid.resize((size_px, size_px), Image.Resampling.BICUBIC)) * 0.55**octave
        weight += 0.55**octave
    return total / np.float32(weight)


def ridge(rng: np.random.Generator, points: int, roughness: float) -> NDArray[np.float32]:
    """(points,), about -1 to 1: a skyline by sums of sines with random phases, sharper for more roughness (0 to 1)."""
    x = np.linspace(0, 1, points, dtype=np.float32)
    heights = np.zeros(points, np.float32)
    for octave in range(5):
        frequency = 1.3 * 2**octave * rng.uniform(0.8, 1.2)
        heights += np.sin(2 * np.pi * (frequency * x + rng.random())) * (0.25 + 0.4 * roughness) ** octave
    return heights / np.float32(1.6)
