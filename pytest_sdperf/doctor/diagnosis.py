"""A diagnosis as values: what was found, how good that is, and what to change."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from pytest_sdperf.hardware.requirements import Unmet
from pytest_sdperf.variant import Variant


class State(str, Enum):
    """How good a finding is; the value is the word that people see."""

    FINE = "ok"
    NOTE = "-"
    "neither good nor bad, or not reported by this system"
    WEAK = "weak"
    "measures worse than it could"
    LACKS = "no"
    "something cannot run"


@dataclass(frozen=True)
class Check:
    """One line of a diagnosis."""

    name: str
    state: State
    found: str
    "what was found, to be read after the name"
    advice: str = ""
    "what to change, a sentence; empty where there is nothing to change"


@dataclass(frozen=True)
class Section:
    """Checks of one kind."""

    title: str
    checks: list[Check]


@dataclass(frozen=True)
class Runnable:
    """A variant, and what keeps it from running here."""

    variant: Variant
    origin: str
    "who declares it: `pytest-sdperf`, an entry point, a conftest"
    unmet: list[Unmet]
    "empty where it can run"


@dataclass(frozen=True)
class Noise:
    """Pairs of fresh processes that did the same small work in turn, as base and head of a comparison do."""

    pair_log_ratios: list[float]
    "natural logarithm, one for each pair; the truth is 0"
    process_medians_s: list[float]
    "median time of each process's work, s"
    steal: float
    "share of the CPUs' time that the hypervisor gave to others meanwhile"
    foreign: float
    "share that other processes used meanwhile"
    spent_s: float
    unseen: str = ""
    "why neither share could be seen, as a clause; empty: both were"


@dataclass(frozen=True)
class Regimes:
    """The way between two CPUs, probed for some seconds, and what pictures of stored baselines took in each regime."""

    round_trips_ns: list[int]
    "of a byte; empty: there is one CPU, or the system is not Linux"
    wake_ups_ns: list[int]
    "of blocked processes"
    spent_s: float
    stored_ns: float | None = None
    "level at which the baselines in this folder were recorded; None: there are none, or too few"
    stored: int = 0
    "pictures of theirs that were probed beside"
    cost: float | None = None
    "how many times as long they took in another regime; None: none saw both"


@dataclass(frozen=True)
class Diagnosis:
    """Everything that is known of a machine."""

    machine_key: str
    sections: list[Section]
    variants: list[Runnable]
    noise: Noise | None
    "None where it was not measured"
    regimes: Regimes | None = None
    "None where they were not measured"
    no_noise: str = ""
    "why not, as a clause"
    problems: list[str] = field(default_factory=list)
    "declarations that could not be read, as sentences"

    @property
    def advice(self) -> list[str]:
        """Changes that the checks advise, each once, in the order of the checks."""
        return list(dict.fromkeys(c.advice for s in self.sections for c in s.checks if c.advice))

    def can_run(self, name: str) -> bool:
        """Whether the variant of that name is known and has all it needs."""
        return any(r.variant.name == name and not r.unmet for r in self.variants)
