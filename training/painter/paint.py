"""From a scene to a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from painter.air import air, veil
from painter.brushwork import HANDS, repaint
from painter.canvas import Canvas
from painter.ground import land, sea
from painter.light import LIGHTS
from painter.scene import AT_SEA, Scene
from painter.sky import sky
from painter.subjects import DRAW

SIZE_PX = 128
"""Height and width of a picture."""

_FINER = 2
"""Painted this many times larger and averaged down, so that edges are smooth."""


def paint(scene: Scene) -> NDArray[np.uint8]:
    """Paint a scene: (128, 128, 3), equal to the byte for equal scenes."""
    rng = np.random.default_rng([scene.seed, 2])
    light = LIGHTS[scene.weather]
    size_px = SIZE_PX * _FINER
    canvas = Canvas(sky(scene, light, size_px, rng))
    (sea if scene.subject in AT_SEA else land)(canvas, scene, light, rng)
    DRAW[scene.subject](canvas, scene, light, rng)
    # Rain and snow come last: they are small, and a brush would lose them.
    finished = Canvas(repaint(veil(canvas.pixels, scene, light, rng), HANDS[scene.painter], rng))
    air(finished, scene, light, rng)
    smaller = finished.pixels.reshape(SIZE_PX, _FINER, SIZE_PX, _FINER, 3).mean(axis=(1, 3))
    return (np.clip(smaller, 0, 1) * 255 + 0.5).astype(np.uint8)
