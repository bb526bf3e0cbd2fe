"""The way between two CPUs: with a told clock and a fake other end, once for real."""

import os

import pytest

from pytest_sdperf.hardware import round_trip as module
from pytest_sdperf.hardware import round_trip_partner as partner
from pytest_sdperf.hardware.round_trip import WAKES, RoundTrip, RoundTripTimes, round_trip

needs_linux = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="Linux only")


class OtherEnd:
    """A process whose pipes answer at once, or are closed."""

    pid = 17

    def __init__(self, *, is_there=True):
        read, self.write = os.pipe()
        answer, told = os.pipe()
        self.stdin, self.stdout = os.fdopen(self.write, "wb", 0), os.fdopen(answer, "rb", 0)
        if is_there:
            os.write(told, b"x" * (WAKES + 1))
        os.close(told)
        self.heard = os.fdopen(read, "rb", 0)

    def close(self):
        for file in (self.stdin, self.stdout, self.heard):
            file.close()


@pytest.fixture
def end():
    """Makes another end."""
    made = []

    def make(**is_there):
        made.append(OtherEnd(**is_there))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def bound(monkeypatch):
    """What the calling thread was bound to, in order."""
    told = []
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    monkeypatch.setattr(module.os, "sched_setaffinity", lambda pid, cpus: told.append(cpus), raising=False)
    return told


@pytest.fixture
def at_once(monkeypatch):
    """The byte is cleared as soon as it is set; the flips of each stretch."""
    asked = []
    monkeypatch.setattr(module.partner, "ask", lambda byte, flips: asked.append(flips))
    return asked


def clock(spent_ns):
    """Moves by these between two looks, in turn."""
    now, looks = 0, []
    for ns in spent_ns:
        looks += [now, now + ns]
        now += ns
    return iter(looks).__next__


def test_medians_of_stretches_and_wake_ups(bound, at_once, end):
    stretches = [18_000] * partner.STRETCHES
    stretches[3] = stretches[20] = 750_000  # somebody took a CPU for a slice
    wakes = [12_000] * WAKES
    wakes[5] = 4_000_000
    other = end()
    way = RoundTrip(bytearray(1), other, 1, clock_ns=clock([*stretches, *wakes]))
    assert way.probe() == RoundTripTimes(360, 12_000)
    assert at_once == [partner.FLIPS_A_STRETCH] * partner.STRETCHES
    assert other.heard.read(100) == partner.SPIN + partner.ECHO * WAKES
    assert bound == [{1}, {0, 1, 2}]


def test_2000_flips():
    assert partner.STRETCHES * partner.FLIPS_A_STRETCH == 2000


def test_where_most_stretches_take_long_the_way_is_long(bound, at_once, end):
    stretches = [18_000] * 19 + [36_000] * 21
    way = RoundTrip(bytearray(1), end(), 1, clock_ns=clock([*stretches, *[12_000] * WAKES]))
    assert way.probe().spinning_ns == 720


def test_an_end_that_is_gone_tells_nothing(bound, at_once, end):
    assert RoundTrip(bytearray(1), end(is_there=False), 1).probe() is None
    assert bound == [{1}, {0, 1, 2}]


def test_an_end_that_gets_no_time_tells_nothing(bound, monkeypatch, end):
    def stuck(byte, flips):
        raise partner.Stuck

    monkeypatch.setattr(module.partner, "ask", stuck)
    assert RoundTrip(bytearray(1), end(), 1).probe() is None
    assert bound == [{1}, {0, 1, 2}]


@pytest.mark.parametrize("cpus", [[], [3]])
def test_one_cpu_has_no_way(cpus):
    with round_trip(cpus, start=None) as way:
        assert way is None


def test_where_memory_has_no_name_nothing_is_measured(monkeypatch):
    monkeypatch.delattr(module.os, "memfd_create", raising=False)
    with round_trip([0, 1], start=None) as way:
        assert way is None


@needs_linux
def test_for_real():
    cpus = os.sched_getaffinity(0)
    if len(cpus) < 2:
        pytest.skip("one CPU")
    with round_trip(sorted(cpus, reverse=True)) as way:
        found = [way.probe() for _ in range(3)]
        pid = way.pid
    assert all(times.spinning_ns > 0 and times.blocked_ns > 0 for times in found)
    assert os.sched_getaffinity(0) == cpus
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
