"""Rules that find pictures drawn in another regime of the machine than its usual one; none looks at a latency."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from pytest_sdperf.measurement import ImageTiming, Measurement, ProcessRun
from pytest_sdperf.other_regime import OtherRegime

FACTOR = 1.5
"""A round trip that takes so many times as long as usual, or as short, is of another regime.

Source: 720 round trips beside pictures of each of two variants (2-core Zen 5). 85 % and 91 % lie between 0.75 and 1.5
times the median, none between 1.6 and 2.6 times, the rest at 4 to 8 times; pictures at 1.3 to 1.5 times take as long as
the others (-3 to +1 %), those beyond 23 % and 49 % longer. In Python, whose own time is part of each reading, the far
regime lies at 2.3 times (Zen 5), and that of a slowed CPU at 1.4 to 2.4 times (Cascade Lake).
"""

FEWEST = 15
"""Readings before they show a level: those of one recorded case, three processes with five pictures each."""


MOST = 2 / 3
"""Of the readings, that must lie around a level for it to be the usual one. 85 % and 91 % did on the Zen 5 machine over
21 minutes. On a busy Cascade Lake half of them lie twice as high, and change from picture to picture: nothing would be
gained by drawing again what is of neither level for long."""


@dataclass(frozen=True)
class Usual:
    """The machine's usual level, as far as it is known."""

    round_trip_ns: float | None = None
    "None: too little was measured so far"

    def includes(self, timing: ImageTiming) -> bool:
        """Whether the machine was in its usual regime just before or just after a picture; True where nobody knows.

        Regimes last longer than pictures do: what is seen on one side only was short, or disturbed the probe alone.
        """
        readings = timing.round_trip_ns
        return not readings or any(map(self.includes_ns, readings))

    def includes_ns(self, round_trip_ns: float) -> bool:
        level = self.round_trip_ns
        return level is None or level / FACTOR <= round_trip_ns <= level * FACTOR


UNKNOWN = Usual()


def usual(readings_ns: Iterable[int]) -> Usual:
    """The level around which most readings lie: their median, where there are enough, and most lie there."""
    known = list(readings_ns)
    if len(known) < FEWEST:
        return UNKNOWN
    found = Usual(statistics.median(known))
    return found if sum(map(found.includes_ns, known)) >= MOST * len(known) else UNKNOWN


def other_regime(processes: Sequence[ProcessRun], level: Usual) -> OtherRegime | None:
    """None where all were drawn in the machine's usual regime, or that is not known."""
    timings = list(timings_of(processes))
    off = [timing for timing in timings if not level.includes(timing)]
    if not off or level.round_trip_ns is None:
        return None
    theirs = [ns for timing in off for ns in timing.round_trip_ns if not level.includes_ns(ns)]
    return OtherRegime(len(off), len(timings), statistics.median(theirs), level.round_trip_ns)


def cost_of_other_regime(runs: Iterable[Measurement], level: Usual) -> float | None:
    """How many times as long a picture takes in another regime: median over processes that saw both; None: none did."""
    ratios = []
    for process in chain.from_iterable(run.processes for run in runs):
        for size, kept in process.images.items():
            timings = [*kept, *process.replaced.get(size, [])]
            off = [t.total_ns for t in timings if not level.includes(t)]
            usual_ns = [t.total_ns for t in timings if t.round_trip_ns and level.includes(t)]
            if off and usual_ns:
                ratios.append(statistics.median(off) / statistics.median(usual_ns))
    return statistics.median(ratios) if ratios else None


def readings_ns(processes: Iterable[ProcessRun]) -> list[int]:
    """Round trips beside the pictures, replaced ones included; of each that before it."""
    found: list[int] = []
    for process in processes:
        for timings in (*process.images.values(), *process.replaced.values()):
            found += [timing.round_trip_ns[0] for timing in timings if timing.round_trip_ns]
    return found


def timings_of(processes: Iterable[ProcessRun]) -> Iterator[ImageTiming]:
    """Of all pictures that count."""
    for process in processes:
        yield from chain.from_iterable(process.images.values())
