"""The sky: a gradient, the sun or the moon, clouds, stars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from painter import noise
from painter.light import Light
from painter.scene import Scene


def sky(scene: Scene, light: Light, size_px: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The whole picture as if there were no ground, (size, size, 3)."""
    rows = np.linspace(0, 1, size_px, dtype=np.float32)
    height = np.clip(rows / scene.horizon, 0, 1)[:, None, None] ** np.float32(1.2)
    pixels = np.broadcast_to(
        _colour(light.zenith) * (1 - height) + _colour(light.horizon) * height, (size_px, size_px, 3)
    ).copy()
    if light.disc is not None:
        pixels = _disc(pixels, scene, light)
    if scene.weather == "night":
        _stars(pixels, scene, rng)
    return _clouds(pixels, light, rng, height[..., 0])


def disc_place(scene: Scene, light: Light) -> tuple[float, float]:
    """Where the sun or the moon stands, (x, y)."""
    return scene.sun, scene.horizon * light.disc_height


def _disc(pixels: NDArray[np.float32], scene: Scene, light: Light) -> NDArray[np.float32]:
    size_px = pixels.shape[0]
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / np.float32(size_px)
    at_x, at_y = disc_place(scene, light)
    distance = np.hypot(x - at_x, y - at_y)
    glow = (np.exp(-distance / 0.22) * light.glow)[..., None]
    pixels = pixels + (_colour(light.disc) - pixels) * glow
    inside = np.clip((0.058 - distance) * size_px, 0, 1)[..., None]
    return pixels + (_colour(light.disc) - pixels) * inside


def _clouds(
    pixels: NDArray[np.float32], light: Light, rng: np.random.Generator, height: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Broad banks, wider than high; lit from above by a second, shifted look at the same noise."""
    size_px = pixels.shape[0]
    noise_field = noise.field(rng, size_px, (5, 3), octaves=4)
    cover = np.clip((noise_field - (0.72 - 0.42 * light.cloudiness)) * 4, 0, 1) * min(1.0, light.cloudiness * 1.6)
    relief = np.clip(0.5 + 5 * (noise_field - np.roll(noise_field, 6, axis=0)), 0, 1)[..., None]
    cloud = _colour(light.cloud) * (0.72 + 0.5 * relief)
    thin_at_horizon = (cover * (1 - 0.55 * height))[..., None]
    return pixels + (np.clip(cloud, 0, 1) - pixels) * thin_at_horizon


def _stars(pixels: NDArray[np.float32], scene: Scene, rng: np.random.Generator) -> None:
    size_px = pixels.shape[0]
    for _ in range(int(rng.integers(25, 45))):
        x, y = rng.integers(0, size_px - 2), rng.integers(0, int(size_px * scene.horizon * 0.9))
        pixels[y : y + 2, x : x + 2] = rng.uniform(0.7, 1.0)


def _colour(colour: tuple[float, float, float] | None) -> NDArray[np.float32]:
    return np.array(colour, np.float32)
