"""A castle on its hill: a wall, a gate, towers with pointed roofs."""

from __future__ import annotations

import numpy as np

from painter.canvas import Canvas
from painter.colour import RGB, mix
from painter.ground import GRASS, SNOW
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

STONE: RGB = (0.62, 0.58, 0.52)
ROOF: RGB = (0.30, 0.33, 0.47)
DARK: RGB = (0.12, 0.10, 0.10)
WINDOW: RGB = (1.0, 0.80, 0.36)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    castle = Frame.of(canvas, scene, light, y=scene.horizon + 0.10)
    hill = mix((0.40, 0.42, 0.22), SNOW, light.cover)
    castle.shape(
        [(-0.46, -0.08), (-0.30, 0.02), (-0.16, 0.06), (0.16, 0.06), (0.32, 0.01), (0.48, -0.08)], hill, lit=0.7
    )
    castle.box(-0.03, 0.05, 0.16, rng.uniform(0.24, 0.30), STONE)
    for x, height, width in ((-0.19, 0.24, 0.075), (0.06, 0.37, 0.08), (0.20, rng.uniform(0.22, 0.30), 0.075)):
        _tower(castle, x, height + rng.uniform(-0.02, 0.02), width, scene)
    castle.box(0.0, 0.04, 0.42, 0.11, STONE)
    for x in np.linspace(-0.20, 0.20, 11).tolist():
        castle.box(x, 0.15, 0.022, 0.020, STONE)
    castle.shape([(-0.03, 0.04), (0.03, 0.04), (0.03, 0.09), (0.0, 0.115), (-0.03, 0.09)], DARK)
    path = mix((0.70, 0.62, 0.45), GRASS, 0.15)
    castle.shape([(-0.03, 0.04), (0.03, 0.04), (0.10, -0.08), (0.0, -0.08)], mix(path, SNOW, 0.6 * light.cover))


def _tower(castle: Frame, x: float, height: float, width: float, scene: Scene) -> None:
    castle.box(x, 0.04, width, height, STONE)
    roof = mix(ROOF, SNOW, 0.8 * castle.light.cover)
    top = 0.04 + height
    castle.shape([(x - width * 0.66, top), (x, top), (x, top + width * 1.5)], roof, lit=0.45)
    castle.shape([(x, top), (x + width * 0.66, top), (x, top + width * 1.5)], roof, lit=0.9)
    half = 0.011
    pane = [(x - half, top - 0.06), (x + half, top - 0.06), (x + half, top - 0.025), (x - half, top - 0.025)]
    if scene.weather in ("night", "storm"):
        castle.glowing(pane, WINDOW)
    else:
        castle.shape(pane, DARK)
