"""Peaks with snow on them, and their image in a lake."""

from __future__ import annotations

import numpy as np

from painter.canvas import Canvas, Point
from painter.colour import RGB, dim, mix
from painter.ground import water_surface
from painter.light import Light
from painter.scene import Scene

ROCK: RGB = (0.42, 0.42, 0.48)
SNOW: RGB = (0.96, 0.97, 1.0)
PINES: RGB = (0.14, 0.25, 0.17)


def draw(canvas: Canvas, scene: Scene, light: Light, rng: np.random.Generator) -> None:
    shore = scene.horizon + 0.07
    for x, width, height, far in (
        (scene.place - scene.facing * 0.33, 0.34, 0.30 * scene.size, 0.55),
        (scene.place + scene.facing * 0.30, 0.36, 0.36 * scene.size, 0.4),
        (scene.place, 0.42, 0.50 * min(scene.size, 1.05), 0.15),
    ):
        _peak(canvas, (x, shore), width, height, light, far, rng, sun_right=scene.sun > x)
    _pines(canvas, shore, light, rng)
    lake = water_surface(light)
    canvas.polygon([(0, shore), (1, shore), (1, shore + 0.22), (0, shore + 0.22)], lake)
    mirrored = mix(lake, light.on(ROCK), 0.45)
    half, depth = 0.30 * scene.size, 0.18
    canvas.polygon([(scene.place - half, shore), (scene.place + half, shore), (scene.place, shore + depth)], mirrored)
    for _ in range(14):
        x, y, reach = rng.random(), shore + 0.22 * rng.random(), 0.05 + 0.08 * rng.random()
        canvas.line([(x, y), (x + reach, y)], dim(lake, rng.uniform(0.9, 1.2)), 0.004)


def _peak(
    canvas: Canvas,
    foot: Point,
    half: float,
    height: float,
    light: Light,
    far: float,
    rng: np.random.Generator,
    *,
    sun_right: bool,
) -> None:
    """A jagged triangle: one face lit, one in shade, and a cap of snow on both."""
    x, y = foot
    top = (x + rng.uniform(-0.04, 0.04), y - height)
    left = _edge((x - half, y), top, rng)
    right = _edge((x + half, y), top, rng)
    ridge = _edge((x + rng.uniform(-0.06, 0.06), y), top, rng)
    snow_line = 0.42 - 0.30 * light.cover
    for side, lit in ((left, 0.25 if sun_right else 1.0), (right, 1.0 if sun_right else 0.25)):
        canvas.polygon([*side, *reversed(ridge)], light.on(ROCK, lit=lit, far=far))
        cut = int(len(side) * snow_line)
        ragged = [(px, py + rng.uniform(0, 0.035)) for px, py in (side[cut], ridge[cut])]
        between = (
            (ragged[0][0] + ragged[1][0]) / 2,
            (ragged[0][1] + ragged[1][1]) / 2 - rng.uniform(0.02, 0.05),
        )
        cap = [*side[cut:], *reversed(ridge[cut:]), ragged[1], between, ragged[0]]
        canvas.polygon(cap, light.on(SNOW, lit=0.35 + 0.65 * lit, far=far * 0.6))


def _edge(start: Point, end: Point, rng: np.random.Generator, points: int = 10) -> list[Point]:
    """From ``start`` to ``end``, shaken a little between."""
    share = np.linspace(0, 1, points)
    shaken = 0.018 * rng.normal(size=points) * np.sin(np.pi * share)
    return [
        (float(start[0] + (end[0] - start[0]) * s + d), float(start[1] + (end[1] - start[1]) * s))
        for s, d in zip(share, shaken, strict=True)
    ]


def _pines(canvas: Canvas, shore: float, light: Light, rng: np.random.Generator) -> None:
    own = mix(PINES, SNOW, 0.6 * light.cover)
    for x in np.sort(rng.uniform(-0.02, 1.02, 26)).tolist():
        high = rng.uniform(0.025, 0.07)
        canvas.polygon(
            [(x - 0.018, shore), (x + 0.018, shore), (x, shore - high)], light.on(own, lit=rng.uniform(0.4, 1))
        )
