"""Latencies as noisy machines give them: of a pair of processes side by side, and of jobs at different times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Latencies = NDArray[np.float64]
"""Seconds; (processes, rounds) of a job, (rounds,) of one arm of a pair."""

SECONDS = 0.1
"""Latency of a picture where nothing disturbs it; only ratios matter."""


class Machine(Protocol):
    """Where latencies come from. ``slowdown`` is a factor on the second arm, or on the job: 1.05 is 5 % slower."""

    name: str

    def pair(self, rng: np.random.Generator, slowdown: float, rounds: int) -> tuple[Latencies, Latencies]:
        """Base and head, two fresh processes side by side, their rounds in turn."""
        ...

    def jobs(
        self, rng: np.random.Generator, slowdown: float, processes: int, rounds: int
    ) -> tuple[Latencies, Latencies]:
        """Base and head as two jobs of their own at different times."""
        ...


@dataclass(frozen=True)
class Profile:
    """Noise by its parts, each the standard deviation of log latency unless said otherwise."""

    name: str
    rounds: float
    process: float
    "a process has a speed of its own"
    job: float
    "jobs at different times"
    drift: float
    "of the machine from one round to the next, common to both arms"
    spike_share: float
    "share of rounds in which something else ran"
    spike: float
    "mean of what a spike adds to log latency, exponential"

    def pair(self, rng: np.random.Generator, slowdown: float, rounds: int) -> tuple[Latencies, Latencies]:
        drift = rng.normal(0, self.drift, 2 * rounds).cumsum()
        base, head = (self._process(rng, rounds) + drift[arm::2] for arm in (0, 1))
        return SECONDS * np.exp(base), SECONDS * slowdown * np.exp(head)

    def jobs(
        self, rng: np.random.Generator, slowdown: float, processes: int, rounds: int
    ) -> tuple[Latencies, Latencies]:
        found = []
        for factor in (1.0, slowdown):
            drift = rng.normal(0, self.job) + rng.normal(0, self.drift, (processes, rounds)).cumsum().reshape(
                processes, rounds
            )
            log = np.stack([self._process(rng, rounds) for _ in range(processes)]) + drift
            found.append(SECONDS * factor * np.exp(log))
        return found[0], found[1]

    def _process(self, rng: np.random.Generator, rounds: int) -> Latencies:
        spikes = (rng.random(rounds) < self.spike_share) * rng.exponential(self.spike, rounds)
        log: Latencies = rng.normal(0, self.process) + rng.normal(0, self.rounds, rounds) + spikes
        return log


@dataclass(frozen=True)
class Recorded:
    """Drawn from recorded traces: pairs and processes as they were, rounds of a process drawn anew.

    Which arm was first is drawn, too, so that what the recording happened to favour does not count.
    """

    name: str
    pairs: Sequence[tuple[Latencies, Latencies]]
    "A/A pairs, (rounds,) each"
    processes: Sequence[Latencies]
    "processes in the order they ran, (rounds,) each"

    @classmethod
    def read(cls, name: str, pairs: Path, processes: Path, variant: str) -> Recorded:
        found: list[dict[str, Any]] = json.loads(processes.read_text(encoding="utf-8"))["processes"]
        sides = json.loads(pairs.read_text(encoding="utf-8"))["pairs"]
        return cls(
            name,
            [tuple(np.array([np.mean(r[arm]) for r in pair]) for arm in "AB") for pair in sides],  # type: ignore[misc]
            [np.array(p["latencies"]) for p in found if p["variant"] == variant],
        )

    def pair(self, rng: np.random.Generator, slowdown: float, rounds: int) -> tuple[Latencies, Latencies]:
        both = self.pairs[rng.integers(len(self.pairs))]
        base, head = both if rng.random() < 0.5 else both[::-1]
        chosen = rng.integers(len(base), size=rounds)
        return base[chosen], slowdown * head[chosen]

    def jobs(
        self, rng: np.random.Generator, slowdown: float, processes: int, rounds: int
    ) -> tuple[Latencies, Latencies]:
        """Two stretches of the recording that do not overlap, each as many processes in a row."""
        last = len(self.processes) - 2 * processes
        first = int(rng.integers(0, last + 1))
        second = int(rng.integers(first + processes, len(self.processes) - processes + 1))
        stretches = [self._stretch(rng, at, processes, rounds) for at in (first, second)]
        base, head = stretches if rng.random() < 0.5 else stretches[::-1]
        return base, slowdown * head

    def _stretch(self, rng: np.random.Generator, first: int, processes: int, rounds: int) -> Latencies:
        return np.stack([rng.choice(p, rounds) for p in self.processes[first : first + processes]])


PROFILES = (
    Profile("quiet", rounds=0.01, process=0.004, job=0.004, drift=0.0005, spike_share=0.002, spike=0.3),
    Profile("VM", rounds=0.025, process=0.01, job=0.02, drift=0.002, spike_share=0.01, spike=0.4),
    # As the recorded traces have it: pairs side by side spread 1 to 3 %, jobs by 10 % and more.
    Profile("shared", rounds=0.05, process=0.016, job=0.10, drift=0.005, spike_share=0.05, spike=0.4),
)
