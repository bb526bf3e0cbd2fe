"""The timed pictures of one prompt and seed."""

from pathlib import Path

import numpy as np

from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.worker.timed_pictures import TimedPictures, digest


def test_the_first_and_the_first_other_are_kept_however_many_commands_ask():
    kept = []

    def keep(picture, suffix):
        kept.append((float(picture[0, 0, 0]), suffix))
        return Path(f"picture{suffix}.npy")

    timed = TimedPictures(keep)
    for number, shade in enumerate([0.5, 0.5, 0.25, 0.5, 0.125]):
        timed.add(ImageTiming(number), np.full((2, 2, 3), shade, np.float32))
    assert kept == [(0.5, ""), (0.25, "-other")]
    assert (timed.path, timed.other_path) == ("picture.npy", "picture-other.npy")
    assert [t.total_ns for t in timed.images] == [0, 1, 2, 3, 4]
    assert [d == timed.digests[0] for d in timed.digests] == [True, True, False, True, False]
    assert timed.digests[0] == digest(np.full((2, 2, 3), 0.5, np.float32))
