"""Pictures of one process, at once or one at a time."""

import contextlib

from pytest_sdperf import protocol
from pytest_sdperf.hardware.round_trip import RoundTripTimes
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.time_pictures import time_pictures
from pytest_sdperf.measurement import ImageTiming, Usage
from pytest_sdperf.stats.regime import Usual


class Worker:
    """Draws pictures that take 1, 2, 3 … ns; each is another picture than the one before."""

    def __init__(self, threads=2):
        self.asked, self.threads, self.drawn = [], threads, 0

    def cpus(self):
        return frozenset((0, 1))

    def cpu_ns(self):
        return None

    def ask(self, command, expect):
        assert expect is protocol.Generated
        self.asked.append(command)
        first, self.drawn = self.drawn + 1, self.drawn + command.rounds
        return protocol.Generated(
            images=[ImageTiming(n, {"unet": [1]}) for n in range(first, self.drawn + 1)],
            sha256=[f"d{n}" for n in range(first, self.drawn + 1)],
            path="first.npy",
            other_path="other.npy" if self.drawn > 1 else "",
            peak_rss_bytes=self.drawn,
            library_rss_bytes=None,
            threads=self.threads,
            cpus=[0, 1],
            usage=Usage(1, 2),
        )


class Way:
    pid = 17

    def __init__(self, *told):
        self.told = list(told)

    def probe(self):
        return RoundTripTimes(self.told.pop(0), 9)


def timed(worker, rounds, *told):
    watch = RegimeWatch(lambda cpus: contextlib.nullcontext(Way(*told)), sleep=lambda s: None, stored=Usual(100))
    with watch.beside([worker]) as beside:
        return time_pictures(worker, (8, 16), rounds, beside)


def test_without_a_probe_all_at_once():
    worker = Worker()
    generated, replaced = time_pictures(worker, (8, 16), 3, None)
    assert worker.asked == [protocol.Generate((8, 16), 0, 3)]
    assert ([t.total_ns for t in generated.images], replaced) == ([1, 2, 3], [])


def test_with_a_probe_one_at_a_time():
    worker = Worker()
    generated, replaced = timed(worker, 2, 100, 101, 102)
    assert worker.asked == [protocol.Generate((8, 16), 0, 1)] * 2
    assert generated.images == [
        ImageTiming(1, {"unet": [1]}, [100, 101], [9, 9]),
        ImageTiming(2, {"unet": [1]}, [101, 102], [9, 9]),
    ]
    assert replaced == []
    assert (generated.sha256, generated.path, generated.other_path) == (["d1", "d2"], "first.npy", "other.npy")
    assert (generated.peak_rss_bytes, generated.usage) == (2, Usage(2, 4))


def test_a_picture_in_another_regime_is_drawn_again():
    generated, replaced = timed(Worker(), 2, 400, 400, 400, 400, 100, 100, 100, 100)
    assert [t.total_ns for t in generated.images] == [3, 4]
    assert replaced == [ImageTiming(1, {}, [400, 400], [9, 9]), ImageTiming(2, {}, [400, 400], [9, 9])]
    assert generated.sha256 == ["d1", "d2", "d3", "d4"]


def test_one_thread_has_no_regime():
    generated, replaced = timed(Worker(threads=1), 3, 400)
    assert [t.round_trip_ns for t in generated.images] == [[], [], []]
    assert replaced == []
