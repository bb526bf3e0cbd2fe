"""What the subject stands on: the sea with its waves, or land with hills."""

from __future__ import annotations

import numpy as np

from painter import noise
from painter.canvas import Canvas
from painter.colour import RGB, dim, mix
from painter.light import Light
from painter.scene import Scene
from painter.sky import disc_place

WATER: RGB = (0.16, 0.36, 0.47)
GRASS: RGB = (0.36, 0.49, 0.20)
SNOW: RGB = (0.97, 0.98, 1.0)


def sea(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    """Rows of waves from the horizon to the picture's edge, higher and farther apart the nearer they are."""
    own = light.on(WATER)
    canvas.polygon(_below(scene.horizon), mix(own, light.horizon, 0.55))
    rows = 16
    x = np.linspace(-0.05, 1.05, 45)
    for row in range(rows):
        near = (row + 1) / rows
        y = scene.horizon + (1 - scene.horizon) * near**1.5 * 0.97
        swell = (0.004 + 0.045 * light.wind) * near
        phase, pitch = rng.uniform(0, 2 * np.pi), rng.uniform(2.0, 3.2) / (0.25 + 0.75 * near)
        edge = y - swell * (np.sin(2 * np.pi * pitch * x + phase) + 0.5 * noise.ridge(rng, len(x), 0.8))
        reflected = 0.5 * (1 - near) + 0.10 * rng.uniform(-1, 1)
        colour = dim(mix(own, light.horizon, max(0.0, reflected)), rng.uniform(0.82, 1.18))
        crest = list(zip(x.tolist(), edge.tolist(), strict=True))
        canvas.polygon([*crest, (1.05, 1.0), (-0.05, 1.0)], colour)
        if light.wind > 0.5:
            _foam(canvas, crest, light, near, rng)
    if light.disc is not None:
        _glitter(canvas, scene, light, rng)


def _foam(
    canvas: Canvas, crest: list[tuple[float, float]], light: Light, near: float, rng: np.random.Generator
) -> None:
    """White where the wave breaks."""
    at = 0
    while at < len(crest) - 6:
        length = int(rng.integers(2, 6))
        if rng.random() < 0.6:
            canvas.line(crest[at : at + length], light.on((1.0, 1.0, 0.98)), 0.004 + 0.010 * near)
        at += length + int(rng.integers(1, 5))


def _glitter(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    """The path of the sun or the moon on the water."""
    at_x, _ = disc_place(scene, light)
    assert light.disc is not None
    for _ in range(34):
        near = rng.random()
        y = scene.horizon + (1 - scene.horizon) * near
        x = at_x + rng.normal() * (0.015 + 0.05 * near)
        half = 0.008 + 0.03 * near * rng.random()
        canvas.line([(x - half, y), (x + half, y)], mix(light.disc, light.horizon, 0.3), 0.004 + 0.006 * near)


def land(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    """Three rolling hills, one before the other, and tufts on the nearest."""
    x = np.linspace(-0.02, 1.02, 40)
    for row, far in enumerate((0.9, 0.5, 0.0)):
        y = scene.horizon + (1 - scene.horizon) * (0.0, 0.18, 0.45)[row]
        edge = y - 0.03 * (1 - 0.4 * row) * noise.ridge(rng, len(x), 0.15)
        own = dim(mix(GRASS, (0.62, 0.52, 0.25), rng.uniform(0, 0.6)), 1 - 0.12 * row)
        colour = light.on(mix(own, SNOW, light.cover), lit=0.75 + 0.25 * far, far=far)
        canvas.polygon([*zip(x.tolist(), edge.tolist(), strict=True), (1.02, 1.0), (-0.02, 1.0)], colour)
    for _ in range(60):
        at_x, at_y = rng.random(), rng.uniform(scene.horizon + 0.5 * (1 - scene.horizon), 1.0)
        own = dim(mix(GRASS, SNOW, light.cover * 0.8), rng.uniform(0.55, 1.25))
        lean = 0.02 * light.wind * scene.facing
        canvas.line([(at_x, at_y), (at_x + lean, at_y - 0.018)], light.on(own), 0.005)


def water_surface(light: Light) -> RGB:
    """The colour of still water: a river, a lake."""
    return mix(light.on(mix(WATER, SNOW, 0.45 * light.cover)), light.horizon, 0.4)


def _below(y: float) -> list[tuple[float, float]]:
    return [(0.0, y), (1.0, y), (1.0, 1.0), (0.0, 1.0)]
