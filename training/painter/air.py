"""What hangs or falls between the scene and the eye: rain, snowflakes, fog, birds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from painter import noise
from painter.canvas import Canvas
from painter.colour import dim, mix
from painter.light import Light
from painter.scene import Scene


def air(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    """Draw what belongs to the weather."""
    if scene.weather == "storm":
        _rain(canvas, scene, light, rng)
    elif scene.weather == "snow":
        _flakes(canvas, rng)
    elif scene.weather in ("calm", "sunset"):
        _birds(canvas, scene, light, rng)


def veil(pixels: NDArray[np.float32], scene: Scene, light: Light, rng: np.random.Generator) -> NDArray[np.float32]:
    """Fog in drifting banks, thickest at the horizon; other weathers have none."""
    if scene.weather != "fog":
        return pixels
    size_px = pixels.shape[0]
    rows = np.linspace(0, 1, size_px, dtype=np.float32)[:, None]
    band = np.exp(-(((rows - scene.horizon) / 0.22) ** 2))
    share = np.clip(0.10 + 0.62 * band * noise.field(rng, size_px, (6, 2), octaves=2), 0, 0.8)[..., None]
    return pixels + (np.array(light.horizon, np.float32) - pixels) * share


def _rain(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    colour = mix(light.horizon, (0.9, 0.92, 0.95), 0.4)
    lean = scene.facing * rng.uniform(0.35, 0.7)
    for x, y, length in rng.random((90, 3)).tolist():
        reach = 0.03 + 0.05 * length
        canvas.line([(x, y), (x + lean * reach, y + reach)], dim(colour, 0.7 + 0.3 * length), 0.003)


def _flakes(canvas: Canvas, rng: np.random.Generator) -> None:
    for x, y, size in rng.random((110, 3)).tolist():
        radius = 0.004 + 0.007 * size**2
        canvas.ellipse((x, y), (radius, radius), (1.0, 1.0, 1.0))


def _birds(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(0.1, 0.9), rng.uniform(0.08, scene.horizon - 0.2)
        span = rng.uniform(0.015, 0.03)
        wings = [(x - span, y - span * 0.6), (x, y), (x + span, y - span * 0.6)]
        canvas.line(wings, light.on((0.2, 0.2, 0.22)), 0.004)
