"""The timed pictures of one size, prompt and seed, however many commands asked for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.measurement import ImageTiming

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


@dataclass
class TimedPictures:
    """As they come in. ``keep`` saves a picture in a file that is called after the suffix."""

    keep: Callable[[Picture, str], Path]
    images: list[ImageTiming] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    path: str = ""
    "the first one"
    other_path: str = ""
    "the first that is not the same to the bit; empty: all are"

    def add(self, timing: ImageTiming, picture: Picture) -> None:
        self.images.append(timing)
        self.digests.append(digest(picture))
        if not self.path:
            self.path = str(self.keep(picture, ""))
        elif not self.other_path and self.digests[-1] != self.digests[0]:
            self.other_path = str(self.keep(picture, "-other"))


def digest(picture: Picture) -> str:
    """The sha256 of a picture's shape and pixels."""
    return hashlib.sha256(str(picture.shape).encode() + picture.tobytes()).hexdigest()
