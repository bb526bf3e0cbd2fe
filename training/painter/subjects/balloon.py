"""A striped hot air balloon over the fields."""

from __future__ import annotations

import math

import numpy as np

from painter.canvas import Canvas, Point
from painter.colour import RGB
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import LIT, SHADE, Frame

STRIPES: tuple[tuple[RGB, RGB], ...] = (
    ((0.84, 0.16, 0.13), (0.97, 0.86, 0.55)),
    ((0.12, 0.30, 0.66), (0.95, 0.93, 0.86)),
    ((0.90, 0.55, 0.10), (0.55, 0.13, 0.25)),
)
BASKET: RGB = (0.48, 0.32, 0.16)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    balloon = Frame.of(canvas, scene, light, y=scene.horizon - rng.uniform(0.0, 0.06), tilt=0.15 * light.wind)
    colours = STRIPES[int(rng.integers(len(STRIPES)))]
    gores = 8
    for number in range(gores):
        near = (number + 0.5) / gores * 2 - 1
        toward_sun = near if balloon.sun_ahead else -near
        lit = SHADE + (LIT - SHADE) * (0.5 + 0.5 * toward_sun)
        sides = [_meridian(2 * number / gores - 1), _meridian(2 * (number + 1) / gores - 1)]
        balloon.shape([*sides[0], *reversed(sides[1])], colours[number % 2], lit=lit)
    for x in (-0.045, 0.045):
        balloon.line([(x, 0.10), (x * 0.55, 0.03)], BASKET, 0.005, lit=0.4)
    balloon.box(0.0, -0.015, 0.055, 0.045, BASKET)


def _meridian(share: float, points: int = 14) -> list[Point]:
    """A line from the mouth to the crown; ``share`` runs from the left edge (-1) to the right (1)."""
    turn = math.sin(share * math.pi / 2)
    line = []
    for up in np.linspace(0, 1, points).tolist():
        radius = 0.175 * math.sin(math.pi * (0.10 + 0.90 * up)) ** 0.75
        line.append((turn * radius, 0.10 + 0.37 * up))
    return line
