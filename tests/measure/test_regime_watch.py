"""The regime beside the pictures: a told way, no time."""

import contextlib
import itertools

import pytest

from pytest_sdperf.hardware.round_trip import RoundTripTimes
from pytest_sdperf.measure import regime_watch as module
from pytest_sdperf.measure.regime_watch import (
    MOST_WAIT_S,
    MOST_WAIT_UNSEEN_S,
    RegimeWatch,
    drawn_in_usual_regime,
    without_stages,
)
from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.stats.regime import FEWEST, UNKNOWN, Usual

NEAR, FAR = 100, 400


class Way:
    """Tells these round trips, the last one for ever."""

    pid = 17

    def __init__(self, *told):
        self.told, self.last = iter(told), None

    def probe(self):
        self.last = next(self.told, self.last)
        return None if self.last is None else RoundTripTimes(self.last, 10 * self.last)


class Worker:
    def __init__(self, *cpus):
        self._cpus = frozenset(cpus)

    def cpus(self):
        return self._cpus

    def cpu_ns(self):
        return None


@pytest.fixture
def beside():
    """Beside one worker, on a way that tells these; and what was slept."""

    def make(*told, stored=Usual(NEAR)):
        watch = RegimeWatch(lambda cpus: contextlib.nullcontext(Way(*told)), sleep=lambda s: None, stored=stored)
        return watch.beside([Worker(0, 1)]).__enter__()

    return make


@pytest.mark.parametrize(
    ("workers", "cpus"),
    [([Worker(3, 1, 2)], [1, 2, 3]), ([Worker(0, 1, 2), Worker(1, 2, 3)], [1, 2]), ([Worker(0), Worker(1)], [])],
)
def test_the_cpus_are_those_that_all_may_use(workers, cpus):
    asked = []

    def between(given):
        asked.append(given)
        return contextlib.nullcontext()

    with RegimeWatch(between).beside(workers) as beside:
        assert beside is None
    assert asked == [cpus]


def test_the_probe_after_a_picture_is_the_one_before_the_next(beside):
    here = beside(100, 110, 120)
    here.begin()
    timings = [here.timed(lambda: ImageTiming(7)) for _ in range(2)]
    assert [t.round_trip_ns for t in timings] == [[100, 110], [110, 120]]
    assert [t.wake_up_ns for t in timings] == [[1000, 1100], [1100, 1200]]
    assert here.watch.seen_ns == [100, 110, 120]


def test_nothing_is_told_of_a_picture_without_both(beside):
    here = beside(100, None, 120, 130)
    here.begin()
    assert [here.timed(lambda: ImageTiming(7)).round_trip_ns for _ in range(3)] == [[], [], [120, 130]]


def test_one_thread_has_no_way(beside):
    here = beside(100)
    here.begin()

    def draw():
        here.end()
        return ImageTiming(7)

    assert here.timed(draw) == ImageTiming(7)
    assert here.timed(draw) == ImageTiming(7)
    assert here.watch.seen_ns == [100]


def test_threads_that_never_rest_are_waited_for_once(beside, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "falls_quiet", lambda cpu_ns, *, within_s: asked.append(within_s))
    here = beside(100)
    here.begin()
    here.begin()
    assert asked == [0.3]


def test_the_stored_level_counts_and_without_one_this_runs():
    watch = RegimeWatch(stored=Usual(NEAR), seen_ns=[FAR] * FEWEST)
    assert watch.usual.round_trip_ns == NEAR
    for stored in (None, UNKNOWN):
        watch.stored = stored
        assert watch.usual.round_trip_ns == FAR
    watch.seen_ns.pop()
    assert watch.usual is UNKNOWN


def test_the_usual_regime_is_waited_for(beside):
    here = beside(FAR, FAR, NEAR)
    assert here.until_usual()
    assert here.watch.waited_s == 2


@pytest.mark.parametrize(("seen", "most_s"), [([NEAR], MOST_WAIT_S), ([], MOST_WAIT_UNSEEN_S)])
def test_a_run_waits_no_longer_in_all(beside, seen, most_s):
    here = beside(FAR)
    here.watch.seen_ns += seen
    assert not here.until_usual()
    assert here.watch.waited_s == most_s
    assert not here.until_usual()
    assert here.watch.waited_s == most_s


def test_without_a_way_nothing_is_waited_for(beside):
    here = beside(None)
    assert not here.until_usual()
    assert here.watch.waited_s == 0


def draws(*outcomes):
    """Draws these, and keeps the numbers of the rounds that were asked for."""
    told = iter(outcomes)
    asked = []

    def draw(number):
        asked.append(number)
        return next(told)

    return draw, asked


@pytest.mark.parametrize(
    ("outcomes", "asked", "kept", "replaced"),
    [
        (["n1", "n2", "n3"], [0, 1, 2], ["n1", "n2", "n3"], []),
        (["n1", "f2", "n3", "n4"], [0, 1, 2, 1], ["n1", "n3", "n4"], ["f2"]),
        (["f1", "f2", "n3", "f4", "n5", "n6"], [0, 1, 2, 0, 0, 1], ["n3", "n5", "n6"], ["f4", "f1", "f2"]),
        (["f1", "f2", "f3", "f4", "f5", "n6"], [0, 1, 2, 0, 0, 0], ["f2", "f3", "n6"], ["f4", "f5", "f1"]),
    ],
)
def test_what_is_of_another_regime_is_drawn_again_at_most_once_a_round(outcomes, asked, kept, replaced):
    draw, numbers = draws(*outcomes)
    found = drawn_in_usual_regime(draw, 3, lambda outcome: outcome[0] == "n", lambda: True)
    assert found == (kept, replaced)
    assert numbers == asked


def test_what_cannot_be_had_counts():
    draw, numbers = draws("n1", "f2", "f3", "n4")
    waits = itertools.chain([True], itertools.repeat(False))
    found = drawn_in_usual_regime(draw, 3, lambda outcome: outcome[0] == "n", waits.__next__)
    assert found == (["n1", "f3", "n4"], ["f2"])
    assert numbers == [0, 1, 2, 1]


def test_of_pictures_that_do_not_count_their_times_are_kept():
    timing = ImageTiming(7, {"unet": [3]}, [1, 2], [3, 4])
    assert without_stages([timing]) == [ImageTiming(7, {}, [1, 2], [3, 4])]
