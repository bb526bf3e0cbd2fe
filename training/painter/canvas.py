"""A square picture drawn in unit coordinates: x to the right, y down, both 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from painter.colour import RGB

Point = tuple[float, float]


class Canvas:
    """Opaque shapes, drawn over each other in order."""

    def __init__(self, pixels: NDArray[np.floating]) -> None:
        """Begin with ``pixels``, (size, size, 3), 0 to 1."""
        self.size_px = pixels.shape[0]
        self._image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Iterable[Point], colour: RGB) -> None:
        self._draw.polygon(self._scaled(points), fill=_bytes(colour))

    def line(self, points: Iterable[Point], colour: RGB, width: float) -> None:
        """``width`` as a share of the picture; never under one pixel."""
        self._draw.line(self._scaled(points), fill=_bytes(colour), width=max(1, round(width * self.size_px)))

    def ellipse(self, centre: Point, radii: Point, colour: RGB) -> None:
        (x, y), (rx, ry) = centre, radii
        self._draw.ellipse(self._scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=_bytes(colour))

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The picture, (size, size, 3), 0 to 1."""
        return np.asarray(self._image, np.float32) / np.float32(255)

    def _scaled(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.size_px, y * self.size_px) for x, y in points]


def _bytes(colour: RGB) -> tuple[int, ...]:
    return tuple(int(min(1.0, max(0.0, c)) * 255 + 0.5) for c in colour)
