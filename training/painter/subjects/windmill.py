"""A tower mill with four lattice sails."""

from __future__ import annotations

import math

import numpy as np

from painter.canvas import Canvas
from painter.colour import RGB
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

TOWER: RGB = (0.62, 0.42, 0.27)
CAP: RGB = (0.30, 0.22, 0.17)
CLOTH: RGB = (0.93, 0.88, 0.74)
WOOD: RGB = (0.22, 0.15, 0.10)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    mill = Frame.of(canvas, scene, light, y=scene.horizon + 0.12)
    mill.box(0.0, 0.0, 0.21, 0.32, TOWER, taper=0.45)
    mill.box(0.0, 0.12, 0.25, 0.012, WOOD)
    mill.shape([(-0.07, 0.315), (0.07, 0.315), (0.055, 0.365), (0.0, 0.39), (-0.055, 0.365)], CAP)
    mill.shape([(-0.02, 0.0), (0.02, 0.0), (0.02, 0.065), (-0.02, 0.065)], WOOD, lit=0.5)
    for y in (0.17, 0.24):
        mill.shape([(-0.012, y), (0.012, y), (0.012, y + 0.028), (-0.012, y + 0.028)], WOOD, lit=0.4)
    turned = rng.uniform(0, math.pi / 2)
    for sail in range(4):
        _sail(mill, turned + sail * math.pi / 2)
    hub_x, hub_y = mill.at(0.0, 0.335)
    canvas.ellipse((hub_x, hub_y), (0.014, 0.014), light.on(WOOD))


def _sail(mill: Frame, angle: float) -> None:
    along = (math.cos(angle), math.sin(angle))
    across = (-along[1], along[0])

    def at(a: float, c: float) -> tuple[float, float]:
        return along[0] * a + across[0] * c, 0.335 + along[1] * a + across[1] * c

    mill.shape([at(0.06, 0.0), at(0.29, 0.0), at(0.29, 0.062), at(0.06, 0.05)], CLOTH, lit=0.95)
    for step in (0.12, 0.18, 0.24):
        mill.line([at(step, 0.0), at(step, 0.058)], WOOD, 0.005)
    mill.line([at(0.0, 0.0), at(0.30, 0.0)], WOOD, 0.012)
