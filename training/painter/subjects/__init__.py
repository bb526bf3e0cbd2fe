"""One file per subject: `draw(canvas, scene, light, rng)` lays it on the canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from painter.canvas import Canvas
from painter.light import Light
from painter.scene import Scene
from painter.subjects import balloon, bridge, castle, lighthouse, mountains, ship, tree, windmill

DRAW: dict[str, Callable[[Canvas, Scene, Light, np.random.Generator], None]] = {
    "sailing ship": ship.draw,
    "lighthouse": lighthouse.draw,
    "windmill": windmill.draw,
    "castle": castle.draw,
    "mountains": mountains.draw,
    "stone bridge": bridge.draw,
    "hot air balloon": balloon.draw,
    "tree": tree.draw,
}
