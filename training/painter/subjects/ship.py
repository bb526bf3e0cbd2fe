"""A three-master under sail; it heels in the wind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from painter.canvas import Canvas
from painter.colour import RGB
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

HULL: RGB = (0.36, 0.21, 0.11)
STRIPE: RGB = (0.80, 0.64, 0.28)
SAIL: RGB = (0.96, 0.91, 0.79)
MAST: RGB = (0.24, 0.15, 0.09)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    y = scene.horizon + 0.09 + 0.05 * rng.random()
    ship = Frame.of(canvas, scene, light, y=y, scale=0.95, tilt=0.22 * light.wind * rng.uniform(0.5, 1.0))
    belly = 0.02 + 0.03 * light.wind
    for x, height, width in ((-0.13, 0.36, 0.11), (0.13, 0.38, 0.12), (0.0, 0.47, 0.14)):
        ship.line([(x, 0.04), (x, height)], MAST, 0.012)
        _sails(ship, x, height, width, belly)
        ship.shape([(x, height), (x, height + 0.03), (x - 0.05, height + 0.015)], (0.75, 0.16, 0.12))
    ship.line([(0.19, 0.07), (0.31, 0.14)], MAST, 0.010)
    ship.shape([(0.14, 0.33), (0.30, 0.13), (0.17, 0.11)], SAIL, lit=0.7)
    ship.shape([(-0.23, 0.13), (-0.20, -0.02), (0.17, -0.02), (0.24, 0.09), (0.14, 0.065), (-0.12, 0.065)], HULL)
    ship.shape([(-0.225, 0.10), (-0.22, 0.075), (0.215, 0.055), (0.225, 0.07), (-0.10, 0.06)], STRIPE)
    for x in np.linspace(-0.15, 0.13, 6).tolist():
        ship.shape([(x, 0.02), (x + 0.018, 0.02), (x + 0.018, 0.038), (x, 0.038)], (0.08, 0.05, 0.04))
    _bow_wave(ship, light)


def _sails(ship: Frame, x: float, height: float, width: float, belly: float) -> None:
    """Two square sails and a topsail, filled by the wind; the lower part of each in its own shadow."""
    lit, shade = (1.0, 0.75) if ship.sun_ahead else (0.8, 0.55)
    edges = [0.09, 0.09 + (height - 0.09) * 0.45, 0.09 + (height - 0.09) * 0.78, height - 0.01]
    for number, (seam, high) in enumerate(pairwise(edges)):
        low = seam + 0.008
        bottom, top = width * (1 - 0.24 * number) / 2, width * (0.86 - 0.24 * number) / 2
        middle = (low + high) / 2
        outline = [
            (x - bottom, low),
            (x + bottom * 0.6 + belly, low + 0.01),
            (x + (bottom + top) * 0.4 + belly * 1.6, middle),
            (x + top + belly * 0.5, high),
            (x - top, high),
            (x - (bottom + top) / 2 + belly, middle),
        ]
        ship.shape(outline, SAIL, lit=lit)
        ship.shape(
            [outline[0], outline[1], (x + bottom * 0.5 + belly, middle), (x - bottom * 0.6, middle)], SAIL, lit=shade
        )


def _bow_wave(ship: Frame, light: Light) -> None:
    foam = (0.95, 0.97, 0.98)
    high = 0.012 + 0.03 * light.wind
    ship.shape([(0.12, -0.03), (0.19, high), (0.27, -0.02), (0.20, -0.035)], foam, lit=0.9)
    ship.line([(-0.24, -0.02), (-0.05, -0.03), (0.14, -0.028)], foam, 0.008 + 0.01 * light.wind, lit=0.9)
