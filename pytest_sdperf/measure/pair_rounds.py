"""The rounds of one pair, and what went on beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import Size
from pytest_sdperf.comparison import BASE, HEAD
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Progress
from pytest_sdperf.measure.regime_watch import Beside, drawn_in_usual_regime
from pytest_sdperf.measure.rig import AskedWorker
from pytest_sdperf.measurement import Disturbance, ImageTiming
from pytest_sdperf.workload import size_key

_OTHER = {BASE: HEAD, HEAD: BASE}


@dataclass(frozen=True)
class Round:
    """One picture of each side that is there."""

    first: str
    "which drew first; empty where one is there"
    timings: Mapping[str, ImageTiming]
    "by side"
    kernel_ns: Mapping[str, int]
    "time of the calibration kernel before its picture, by side"


class Side(Protocol):
    """One side's process."""

    name: str
    worker: AskedWorker
    last: protocol.Generated
    "of the picture that it drew last"

    def draw(self, size: Size) -> ImageTiming:
        """Time one picture."""
        ...


@dataclass
class Turns:
    """Who drew when, as it fills."""

    drew_first: dict[str, list[str]] = field(default_factory=dict)
    kernel_ns: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, size: str, rounds: Sequence[Round]) -> None:
        """The rounds at one size that count."""
        if firsts := [drawn.first for drawn in rounds if drawn.first]:
            self.drew_first[size] = firsts
        kernel_ns = self.kernel_ns.setdefault(size, {BASE: [], HEAD: []})
        for drawn in rounds:
            for name, spent_ns in drawn.kernel_ns.items():
                kernel_ns[name].append(spent_ns)


@dataclass(frozen=True)
class RoundsAtSize:
    """Draws the rounds at one size."""

    here: Sequence[Side]
    size: Size
    rounds: int
    firsts: Sequence[str]
    "who draws first in each round"
    watch: NoiseWatch
    beside: Beside | None
    progress: Progress

    def draw_all(self) -> tuple[list[Round], list[Round]]:
        """(rounds that count, rounds in whose place others do)."""
        if self.beside is None:
            return [self._draw(number) for number in range(self.rounds)], []
        self.beside.begin()
        return drawn_in_usual_regime(self._draw, self.rounds, self._was_usual, self.beside.until_usual)

    def _was_usual(self, drawn: Round) -> bool:
        return self.beside is None or all(map(self.beside.was_usual, drawn.timings.values()))

    def _draw(self, number: int) -> Round:
        # Between pictures: the quiet that each waits for, the probe and the kernel lie between this and the next.
        self.progress.tick(f"round {number + 1} of {self.rounds} at {size_key(self.size)}")
        first = self.firsts[number]
        by_name = {one.name: one for one in self.here}
        timings, kernel_ns = {}, {}
        for name in (first, _OTHER[first]) if len(self.here) > 1 else (first,):
            for other in self.here:
                if other.name != name:
                    self.watch.wait_until_quiet(other.worker.cpu_ns)
            kernel_ns[name] = self.watch.time_kernel()
            draw = partial(by_name[name].draw, self.size)
            timings[name] = self.beside.timed(draw) if self.beside else draw()
            if self.beside and by_name[name].last.threads == 1:
                self.beside.end()
        return Round(first if len(self.here) > 1 else "", timings, kernel_ns)


def joined(seen: Sequence[Disturbance]) -> Disturbance:
    """Disturbance in one stretch, or in two that followed each other: the worse of the shares and kernels."""
    worst = max(seen, key=lambda d: d.kernel_ns)
    return msgspec.structs.replace(
        worst,
        window_s=sum(d.window_s for d in seen),
        steal=max(d.steal for d in seen),
        foreign=max(d.foreign for d in seen),
        restless=sum(d.restless for d in seen),
        involuntary_switches=sum(d.involuntary_switches for d in seen),
        major_faults=sum(d.major_faults for d in seen),
        throttled=max(d.throttled for d in seen),
        switched_cpus=sorted({cpu for d in seen for cpu in d.switched_cpus}),
        lost_s=None if None in (lost_s := [d.lost_s for d in seen]) else sum(s for s in lost_s if s is not None),
        unseen=next((d.unseen for d in seen if d.unseen), ""),
        unseen_steal=any(d.unseen_steal for d in seen),
    )
