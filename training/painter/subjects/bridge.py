"""A stone bridge over a river, with round arches and their image in the water."""

from __future__ import annotations

import math

import numpy as np

from painter.canvas import Canvas, Point
from painter.colour import RGB, dim, mix
from painter.ground import SNOW, water_surface
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

STONE: RGB = (0.58, 0.50, 0.40)
INSIDE: RGB = (0.20, 0.17, 0.15)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    bridge = Frame.of(canvas, scene, light, y=scene.horizon + 0.14)
    water = water_surface(light)
    wide = 0.34 * scene.size
    left, right = scene.place - wide, scene.place + wide
    canvas.polygon([(left, bridge.y - 0.03), (right, bridge.y - 0.03), (right + 0.12, 1.0), (left - 0.12, 1.0)], water)
    for _ in range(16):
        x, y, reach = rng.uniform(left, right), bridge.y + 0.3 * rng.random(), rng.uniform(0.04, 0.12)
        canvas.line([(x, y), (x + reach, y)], dim(water, rng.uniform(0.85, 1.2)), 0.005)
    arches = int(rng.choice([1, 2, 3]))
    rise = rng.uniform(0.03, 0.07)
    road = [(x, 0.15 + rise * max(-0.4, 1 - (x / 0.45) ** 2)) for x in np.linspace(-0.9, 0.9, 31).tolist()]
    bridge.shape([(-0.9, -0.01), *road, (0.9, -0.01)], STONE, lit=0.8)
    bridge.line([(x, y - 0.03) for x, y in road], dim(STONE, 0.75), 0.008)
    bridge.line(road, mix(STONE, SNOW, light.cover), 0.022, lit=1.0)
    span = 0.62 / arches
    for number in range(arches):
        middle = (number - (arches - 1) / 2) * (span + 0.02)
        _arch(bridge, middle, span * 0.42, water)


def _arch(bridge: Frame, x: float, radius: float, water: RGB) -> None:
    """Dark vault behind, daylight and water seen through it, its image below."""
    high = min(0.15, radius * 1.05)

    def half_round(shrink: float, up: float) -> list[Point]:
        turn = np.linspace(0, math.pi, 14).tolist()
        return [(x + radius * shrink * math.cos(t), up * high * shrink * math.sin(t)) for t in turn]

    bridge.shape(half_round(1.12, 1.0), dim(STONE, 1.15), lit=1.0)
    bridge.shape(half_round(1.0, 1.0), INSIDE, lit=0.5)
    bridge.glowing(half_round(0.72, 0.85), mix(water, bridge.light.horizon, 0.55))
    bridge.glowing(half_round(1.0, -0.7), mix(water, bridge.light.on(INSIDE), 0.6))
