"""An old tree: branches grown at random, leaves on them unless it snows, bent by the wind."""

from __future__ import annotations

import math

import numpy as np

from painter.canvas import Canvas
from painter.colour import RGB, dim, mix
from painter.ground import SNOW
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

BARK: RGB = (0.29, 0.20, 0.13)
LEAVES: tuple[RGB, ...] = ((0.22, 0.42, 0.14), (0.42, 0.50, 0.14), (0.70, 0.42, 0.12))


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    tree = Frame.of(canvas, scene, light, y=scene.horizon + 0.16)
    own = LEAVES[int(rng.integers(len(LEAVES)))]
    tips: list[tuple[float, float]] = []
    _branch(tree, (0.0, 0.0), math.pi / 2 - 0.25 * light.wind, 0.17, 0.055, 5, tips, rng)
    if light.cover > 0.5:
        for x, y in tips:
            _blob(tree, x, y, 0.016, SNOW, 0.9)
        return
    tips.sort(key=lambda tip: tip[1])
    for x, y in tips:
        lean = 0.06 * light.wind
        toward_sun = (x if tree.sun_ahead else -x) * 2.2 + (y - 0.35) * 2
        _blob(tree, x + lean, y, rng.uniform(0.030, 0.052), dim(own, rng.uniform(0.8, 1.2)), 0.6 + 0.4 * toward_sun)


def _branch(
    tree: Frame,
    start: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    forks: int,
    tips: list[tuple[float, float]],
    rng: np.random.Generator,
) -> None:
    end = (start[0] + length * math.cos(angle), start[1] + length * math.sin(angle))
    tree.line([start, end], mix(BARK, SNOW, 0.25 * tree.light.cover), width)
    if forks <= 3:
        tips.append(end)
    if forks == 0:
        return
    for side in (-1, 1):
        turn = side * rng.uniform(0.25, 0.65) - 0.10 * tree.light.wind
        _branch(tree, end, angle + turn, length * rng.uniform(0.62, 0.78), width * 0.62, forks - 1, tips, rng)


def _blob(tree: Frame, x: float, y: float, radius: float, colour: RGB, lit: float) -> None:
    reach = radius * tree.scale
    tree.canvas.ellipse(tree.at(x, y), (reach, reach * 0.85), tree.light.on(colour, lit=min(1.0, max(0.2, lit))))
