"""Draw a picture of latents that the pipeline has never seen: it must be another one, and as much work."""

from __future__ import annotations

import secrets
import statistics
from collections.abc import Callable, Sequence

from pytest_sdperf.measurement import ImageTiming, NewLatents

Draw = Callable[[int | None], tuple[ImageTiming, str]]
"""Times one picture of the latents with that seed (None: those of the timed pictures), and gives its digest, too."""

_LONGER = 1.5
"""Times the timed pictures' median above which one picture of new latents is looked at more closely."""

_CLOSER = 3
"""Pictures of new latents, each next to a repeated one, that a closer look takes."""


def look_at_new_latents(draw: Draw, timed: Sequence[ImageTiming], digest: str) -> NewLatents:
    """Compare the ``timed`` pictures, all of the same latents, with one of new latents; with more where it differs.

    The latents are new in every run: what a pipeline keeps on a disk does not know them. A closer look alternates, so
    that both kinds see the same minute; each repeated picture is drawn twice and the second counts, because a cache
    of one entry holds the picture of new latents before.
    """
    new = [_of_new_latents(draw)]
    calls = timed[-1].calls
    median_ns = statistics.median(timing.total_ns for timing in timed)
    repeated: list[ImageTiming] = []
    if new[0][0].total_ns > _LONGER * median_ns or new[0][0].calls != calls:
        new = []
        for _ in range(_CLOSER):
            new.append(_of_new_latents(draw))
            draw(None)
            repeated.append(draw(None)[0])
    return NewLatents(
        new=[timing for timing, _ in new],
        repeated=repeated,
        is_same_picture=all(found == digest for _, found in new),
    )


def _of_new_latents(draw: Draw) -> tuple[ImageTiming, str]:
    return draw(secrets.randbits(63))
