"""Watch the regime of the machine: probe beside each timed picture, and draw again later what is of another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec

from pytest_sdperf.hardware.round_trip import RoundTripTimes, round_trip
from pytest_sdperf.launch.process_counts import cpu_ns
from pytest_sdperf.measure.noise_watch import Watched, falls_quiet
from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.stats.regime import UNKNOWN, Usual, usual

MOST_WAIT_S = 60.0
"""That one run waits, in all, for the usual regime to come back: other ones last 10 to 60 s (2-core Zen 5)."""

MOST_WAIT_UNSEEN_S = 20.0
"""The same where this run has not seen the usual regime at all: the machine may have changed for good."""

_STEP_S = 1.0

_SPIN_S = 0.3
"""libiomp5's threads spin for 0.2 s after a picture (KMP_BLOCKTIME). Threads that spin for longer are probed beside."""

R = TypeVar("R")


class Way(Protocol):
    """The part of `round_trip.RoundTrip` that is asked."""

    pid: int
    "of the process at the other end"

    def probe(self) -> RoundTripTimes | None: ...


Between = Callable[[Sequence[int]], AbstractContextManager[Way | None]]
"""Makes what measures the way between two of these CPUs; None where there is one."""


@dataclass
class RegimeWatch:
    """What one run knows of the machine's regimes."""

    between: Between = round_trip
    sleep: Callable[[float], None] = time.sleep
    stored: Usual | None = None
    "the level that the machine's baselines were recorded at; None: nobody has looked yet"
    seen_ns: list[int] = field(default_factory=list)
    "round trips of this run"
    waited_s: float = 0.0

    @property
    def usual(self) -> Usual:
        """The level that is stored, or else this run's."""
        stored = self.stored or UNKNOWN
        return usual(self.seen_ns) if stored.round_trip_ns is None else stored

    @contextmanager
    def beside(self, workers: Sequence[Watched]) -> Iterator[Beside | None]:
        """What probes beside the pictures of ``workers``; None where they have not two CPUs in common."""
        with self.between(sorted(frozenset.intersection(*(worker.cpus() for worker in workers)))) as way:
            yield None if way is None else Beside(self, way, workers)

    def wait(self) -> bool:
        """Wait for a step; False where this run has waited as long as it may."""
        is_seen = any(self.usual.includes_ns(ns) for ns in self.seen_ns)
        if self.waited_s >= (MOST_WAIT_S if is_seen else MOST_WAIT_UNSEEN_S):
            return False
        self.sleep(_STEP_S)
        self.waited_s += _STEP_S
        return True


@dataclass
class Beside:
    """Probes beside the pictures of processes that draw in turn."""

    watch: RegimeWatch
    way: Way
    workers: Sequence[Watched]
    _last: RoundTripTimes | None = None
    _never_rest: set[int] = field(default_factory=set)
    "which of the workers have threads that never rest, and are waited for no more"

    _is_over: bool = False

    def cpu_ns(self) -> int | None:
        """Time on CPUs of the process at the other end."""
        return cpu_ns(self.way.pid)

    def end(self) -> None:
        """No probe from now on: what computes with one thread has no way between CPUs."""
        self._is_over = True

    def begin(self) -> None:
        """The next picture does not follow the one before at once."""
        self._last = self._probed()

    def timed(self, draw: Callable[[], ImageTiming]) -> ImageTiming:
        """Draw one picture: the probe after it is the one before the next."""
        before = self._last
        timing = draw()
        after = self._last = self._probed()
        if before is None or after is None:
            return timing
        return msgspec.structs.replace(
            timing,
            round_trip_ns=[before.spinning_ns, after.spinning_ns],
            wake_up_ns=[before.blocked_ns, after.blocked_ns],
        )

    def was_usual(self, timing: ImageTiming) -> bool:
        return self.watch.usual.includes(timing)

    def until_usual(self) -> bool:
        """Wait until the machine is in its usual regime; False where that took too long, or cannot be known."""
        while True:
            self.begin()
            if self._last is None:
                return False
            if self.watch.usual.includes_ns(self._last.spinning_ns):
                return True
            if not self.watch.wait():
                return False

    def _probed(self) -> RoundTripTimes | None:
        if self._is_over:
            return None
        for number, worker in enumerate(self.workers):
            if number not in self._never_rest and not falls_quiet(worker.cpu_ns, within_s=_SPIN_S):
                self._never_rest.add(number)
        found = self.way.probe()
        if found is not None:
            self.watch.seen_ns.append(found.spinning_ns)
        return found


def without_stages(timings: Sequence[ImageTiming]) -> list[ImageTiming]:
    """Of pictures that do not count their times suffice."""
    return [msgspec.structs.replace(timing, stages_ns={}) for timing in timings]


def drawn_in_usual_regime(
    draw: Callable[[int], R], rounds: int, is_usual: Callable[[R], bool], until_usual: Callable[[], bool]
) -> tuple[list[R], list[R]]:
    """(rounds that count, rounds in whose place others do), each in the order they were drawn.

    ``draw`` draws the round with that number. Rounds in another regime are drawn again when all are drawn and the usual
    one is back: at most as many as are asked for, and no longer than ``until_usual`` waits. What could not be had in
    the usual regime counts.
    """
    kept = [(number, draw(number)) for number in range(rounds)]
    replaced = []
    for _ in range(rounds):
        off = next((one for one in kept if not is_usual(one[1])), None)
        if off is None or not until_usual():
            break
        again = off[0], draw(off[0])
        if is_usual(again[1]):
            kept.remove(off)
            kept.append(again)
            replaced.append(off[1])
        else:
            replaced.append(again[1])
    return [one for _, one in kept], replaced
