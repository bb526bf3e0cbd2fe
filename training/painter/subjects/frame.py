"""A subject's own coordinates: x forward, y up, the origin where it stands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from painter.canvas import Canvas, Point
from painter.colour import RGB
from painter.light import Light
from painter.scene import Scene

LIT, SHADE = 1.0, 0.35
"""Light on the side toward the sun, and on the other."""


@dataclass(frozen=True)
class Frame:
    """Draws a subject's shapes in its own coordinates, in the light of the scene."""

    canvas: Canvas
    light: Light
    x: float
    y: float
    "where the origin is in the picture"
    scale: float
    facing: int = 1
    tilt: float = 0.0
    "radians; positive leans forward"
    sun_ahead: bool = True
    "whether the sun is where the subject faces"

    @classmethod
    def of(
        cls, canvas: Canvas, scene: Scene, light: Light, *, y: float, scale: float = 1.0, tilt: float = 0.0
    ) -> Frame:
        ahead = (scene.sun > scene.place) == (scene.facing > 0)
        return cls(canvas, light, scene.place, y, scene.size * scale, scene.facing, tilt, ahead)

    def at(self, x: float, y: float) -> Point:
        """From own coordinates to the picture's."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        return (
            self.x + self.facing * self.scale * (x * cos + y * sin),
            self.y - self.scale * (y * cos - x * sin),
        )

    def shape(self, points: Iterable[Point], colour: RGB, *, lit: float = 0.8) -> None:
        self.canvas.polygon([self.at(*p) for p in points], self.light.on(colour, lit=lit))

    def line(self, points: Iterable[Point], colour: RGB, width: float, *, lit: float = 0.8) -> None:
        self.canvas.line([self.at(*p) for p in points], self.light.on(colour, lit=lit), width * self.scale)

    def glowing(self, points: Iterable[Point], colour: RGB) -> None:
        """A shape that gives light itself."""
        self.canvas.polygon([self.at(*p) for p in points], colour)

    def box(self, x: float, y: float, width: float, height: float, colour: RGB, *, taper: float = 0.0) -> None:
        """Upright around ``x``, standing on ``y``; a lit and a shaded half; narrower at the top by ``taper``."""
        half, top = width / 2, width / 2 * (1 - taper)
        ahead, behind = (LIT, SHADE) if self.sun_ahead else (SHADE, LIT)
        self.shape([(x - half, y), (x, y), (x, y + height), (x - top, y + height)], colour, lit=behind)
        self.shape([(x, y), (x + half, y), (x + top, y + height), (x, y + height)], colour, lit=ahead)
