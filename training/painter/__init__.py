"""Small painted scenes with captions: the pictures that the bundled model is trained on.

The way of a picture: a `Scene` says what is to be seen; `light` how the weather lights it; `sky`, `ground` and
`subjects` lay it on a `Canvas`; `brushwork` repaints it in a painter's manner; `air` adds fog before that, and rain,
snowflakes and birds after it.
"""

from painter.paint import SIZE_PX, paint
from painter.scene import PAINTERS, SUBJECTS, WEATHERS, Scene

__all__ = ["PAINTERS", "SIZE_PX", "SUBJECTS", "WEATHERS", "Scene", "paint"]
