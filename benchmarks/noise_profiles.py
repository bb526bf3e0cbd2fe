"""Latencies as noisy machines give them: of a pair of processes side by side, and of jobs at different times."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_sdperf.stats.rounds import components

Latencies = NDArray[np.float64]
"""Seconds; (processes, rounds) of a job, (pairs, rounds) of one arm of some pairs."""

SECONDS = 0.1
"""Latency of a picture where nothing disturbs it; only ratios matter."""


class Machine(Protocol):
    """Where latencies come from. ``slowdown`` is a factor on the second arm, or on the job: 1.05 is 5 % slower."""

    name: str

    def pairs(self, rng: np.random.Generator, slowdown: float, count: int, rounds: int) -> tuple[Latencies, Latencies]:
        """Base and head of ``count`` pairs, each two fresh processes side by side, their rounds in turn."""
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
    "of the machine from one round to the next, common to base and head"
    spike_share: float
    "share of rounds in which something else ran"
    spike: float
    "mean of what a spike adds to log latency, exponential"
    tails: int | None = None
    "degrees of freedom of a process's own speed, above 2; None: normal"

    def pairs(self, rng: np.random.Generator, slowdown: float, count: int, rounds: int) -> tuple[Latencies, Latencies]:
        drift = rng.normal(0, self.drift, (count, 2 * rounds)).cumsum(axis=1)
        base, head = (self._processes(rng, count, rounds) + drift[:, arm::2] for arm in (0, 1))
        return SECONDS * np.exp(base), SECONDS * slowdown * np.exp(head)

    def jobs(
        self, rng: np.random.Generator, slowdown: float, processes: int, rounds: int
    ) -> tuple[Latencies, Latencies]:
        found = []
        for factor in (1.0, slowdown):
            drift = rng.normal(0, self.job) + rng.normal(0, self.drift, (processes, rounds)).cumsum().reshape(
                processes, rounds
            )
            found.append(SECONDS * factor * np.exp(self._processes(rng, processes, rounds) + drift))
        return found[0], found[1]

    def _processes(self, rng: np.random.Generator, count: int, rounds: int) -> Latencies:
        shape = (count, rounds)
        spikes = (rng.random(shape) < self.spike_share) * rng.exponential(self.spike, shape)
        own = rng.normal(0, 1, (count, 1))
        if self.tails is not None:  # Student's t at the same standard deviation
            own *= np.sqrt((self.tails - 2) / rng.chisquare(self.tails, (count, 1)))
        log: Latencies = self.process * own + rng.normal(0, self.rounds, shape) + spikes
        return log


@dataclass(frozen=True)
class Recorded:
    """Drawn from recorded traces: pairs and processes as they were, rounds of a process drawn anew.

    Which arm was first is drawn, too, so that what the recording happened to favour does not count.
    """

    name: str
    recorded: Latencies
    "A/A pairs, (pairs, 2, rounds)"
    processes: Sequence[Latencies]
    "processes in the order they ran, (rounds,) each"

    @classmethod
    def read(cls, folder: Path, variant: str) -> Recorded:
        """From ``aa_<variant>.json`` and ``processes.json``; a round's latencies are taken together."""
        sides = json.loads((folder / f"aa_{variant}.json").read_text(encoding="utf-8"))["pairs"]
        found = json.loads((folder / "processes.json").read_text(encoding="utf-8"))["processes"]
        return cls(
            f"recorded {variant}",
            np.array([[[np.mean(r[arm]) for r in pair] for arm in "AB"] for pair in sides]),
            [np.array(p["latencies"]) for p in found if p["variant"] == variant],
        )

    def pairs(self, rng: np.random.Generator, slowdown: float, count: int, rounds: int) -> tuple[Latencies, Latencies]:
        both = self.recorded[rng.integers(len(self.recorded), size=count)]
        both = np.where(rng.random((count, 1, 1)) < 0.5, both, both[:, ::-1])
        chosen = rng.integers(both.shape[2], size=(count, 1, rounds))
        base, head = np.take_along_axis(both, chosen, axis=2).transpose(1, 0, 2)
        return base, slowdown * head

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
    # `fitted` to two recordings of a small model on a shared machine of two cores (8 A/A pairs each):
    #                   rounds  process  job    drift  spike_share  spike
    #   fp32            0.024   0.0044   0.087  0      0.016        0.12
    #   openvino_static 0.029   0.0189   0.302  0      0.025        0.20
    # Here every part is as hard as in the worse of them, or harder, but for `job`, which side by side plays no part:
    # it is fp32's, so that the rules which compare two jobs get the milder machine.
    Profile("shared", rounds=0.05, process=0.019, job=0.10, drift=0.005, spike_share=0.05, spike=0.4),
)

RECORDED = ("fp32", "openvino_static")
"""Variants of the recordings."""

HEAVY_TAILED = tuple(
    dataclasses.replace(profile, name=f"{profile.name}, heavy-tailed", tails=3) for profile in PROFILES[1:]
)
"""The same with processes whose own speed is far off now and then: Student's t with 3 degrees of freedom."""


def fitted(recorded: Recorded) -> Profile:
    """The parts of noise that a recording shows, spikes apart from the rest."""
    base, head = np.log(recorded.recorded).transpose(1, 0, 2)
    ratios = head - base
    residuals = ratios - np.median(ratios, axis=1, keepdims=True)
    core = _spread(residuals)
    spiked = np.abs(residuals) > 3 * core
    steps = _spread(np.diff((base + head) / 2, axis=1))
    return Profile(
        f"fitted to {recorded.name}",
        rounds=core / math.sqrt(2),
        process=math.sqrt(components(ratios.tolist()).pair / 2),
        job=float(np.std([np.median(np.log(p)) for p in recorded.processes], ddof=1)),
        # Two steps of drift between two rounds of the same arm; what the rounds' own noise explains is taken off
        drift=math.sqrt(max(steps**2 - core**2 / 2, 0) / 2),
        spike_share=float(spiked.mean()) / 2,
        spike=float(np.abs(residuals[spiked]).mean()) if spiked.any() else 0.0,
    )


def _spread(values: Latencies) -> float:
    """Standard deviation of normal values, from the median absolute deviation: what is far off does not count."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
