"""How often is looked, and with which latents."""

import pytest

from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.worker.new_latents import look_at_new_latents


class Pipeline:
    """Takes ``drawing_ns``, or 1 ns for what is among its last ``kept`` latents; calls its unet when it draws."""

    def __init__(self, kept=0, drawing_ns=100, digest=None):
        self.kept, self.drawing_ns, self.digest = kept, drawing_ns, digest
        self.memory, self.asked = [], []

    def draw(self, seed):
        self.asked.append(seed)
        known = seed in self.memory
        self.memory = [*(s for s in self.memory if s != seed), seed][-self.kept :] if self.kept else []
        timing = ImageTiming(1, {"unet": []}) if known else ImageTiming(self.drawing_ns, {"unet": [1]})
        return timing, self.digest or str(seed)


def look(pipeline, rounds=3):
    timed = [pipeline.draw(None) for _ in range(rounds)]
    pipeline.asked = []
    return look_at_new_latents(pipeline.draw, [timing for timing, _ in timed], timed[-1][1])


def test_one_picture_where_it_is_as_much_work():
    pipeline = Pipeline()
    found = look(pipeline)
    assert (len(found.new), found.repeated, found.is_same_picture) == (1, [], False)
    assert len(pipeline.asked) == 1
    assert None not in pipeline.asked


def test_latents_are_new_in_every_run():
    one, other = Pipeline(), Pipeline()
    look(one)
    look(other)
    assert one.asked != other.asked


@pytest.mark.parametrize("kept", [1, 2, 100])
def test_a_cache_of_any_size_is_seen_in_a_closer_look(kept):
    found = look(Pipeline(kept))
    assert [t.total_ns for t in found.new] == [100] * 3
    assert [t.total_ns for t in found.repeated] == [1] * 3
    assert [t.calls for t in found.repeated] == [{"unet": 0}] * 3


def test_one_slow_picture_is_looked_at_again():
    pipeline = Pipeline()
    draw = pipeline.draw
    slow = iter([1.0] * 3 + [9.0])

    def disturbed(seed):
        timing, digest = draw(seed)
        return ImageTiming(int(timing.total_ns * next(slow, 1.0)), timing.stages_ns), digest

    pipeline.draw = disturbed
    found = look(pipeline)
    assert [t.total_ns for t in (*found.new, *found.repeated)] == [100] * 6


def test_the_same_picture_of_new_latents_is_reported():
    assert look(Pipeline(digest="always")).is_same_picture
