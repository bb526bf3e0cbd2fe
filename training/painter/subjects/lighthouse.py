"""A banded tower on a rock; its lamp burns when the light is bad."""

from __future__ import annotations

import numpy as np

from painter.canvas import Canvas
from painter.colour import RGB, mix
from painter.light import Light
from painter.scene import Scene
from painter.subjects.frame import Frame

WALL: RGB = (0.95, 0.93, 0.88)
BAND: RGB = (0.78, 0.17, 0.13)
ROCK: RGB = (0.30, 0.27, 0.25)
LAMP: RGB = (1.0, 0.93, 0.60)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    house = Frame.of(canvas, scene, light, y=scene.horizon + 0.06)
    burning = scene.weather in ("storm", "night", "fog")
    height = rng.uniform(0.38, 0.44)
    lamp_y = 0.06 + height + 0.025
    if burning:
        _beam(house, lamp_y, light)
    _rock(house, rng)
    house.box(0.0, 0.05, 0.115, height, WALL, taper=0.35)
    bands = int(rng.integers(2, 4))
    for number in range(bands):
        low = (number + 0.45) / bands
        width = 0.115 * (1 - 0.35 * low)
        house.box(0.0, 0.05 + height * low, width, height * 0.5 / bands * 0.9, BAND, taper=0.08)
    house.box(0.0, 0.05 + height, 0.105, 0.014, ROCK)
    house.glowing(
        [(-0.028, lamp_y - 0.012), (0.028, lamp_y - 0.012), (0.028, lamp_y + 0.03), (-0.028, lamp_y + 0.03)],
        LAMP if burning else light.on((0.75, 0.80, 0.80)),
    )
    house.shape([(-0.042, lamp_y + 0.03), (0.042, lamp_y + 0.03), (0.0, lamp_y + 0.07)], BAND, lit=0.6)
    house.shape([(-0.012, 0.05), (0.012, 0.05), (0.012, 0.09), (-0.012, 0.09)], ROCK, lit=0.4)


def _rock(house: Frame, rng: np.random.Generator) -> None:
    x = np.linspace(-0.26, 0.26, 12)
    top = 0.065 * np.sqrt(np.clip(1 - (x / 0.26) ** 2, 0, 1)) + 0.02 * rng.random(12)
    own = mix(ROCK, (0.95, 0.96, 0.98), 0.75 * house.light.cover)
    house.shape([(-0.27, -0.05), *zip(x.tolist(), top.tolist(), strict=True), (0.27, -0.05)], own, lit=0.6)
    house.line([(-0.28, -0.045), (-0.1, -0.05), (0.1, -0.046), (0.28, -0.05)], (0.95, 0.97, 0.98), 0.014, lit=0.9)


def _beam(house: Frame, lamp_y: float, light: Light) -> None:
    soft = mix(light.horizon, LAMP, 0.55)
    house.glowing([(0, lamp_y + 0.012), (0.75, lamp_y + 0.10), (0.75, lamp_y - 0.04)], soft)
    house.glowing([(0, lamp_y + 0.012), (-0.75, lamp_y + 0.06), (-0.75, lamp_y - 0.02)], mix(light.horizon, LAMP, 0.35))
