"""Latency against recorded runs, against the base side by side, against a sibling; and the head against itself."""

from __future__ import annotations

import msgspec

from pytest_sdperf.model_difference import ModelDifference
from pytest_sdperf.other_regime import OtherRegime
from pytest_sdperf.verdict.status import Finding, Status

WORST_SIZE_FIRST = (Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER)
"""A case is FASTER only where every size is."""


class SizeLatency(msgspec.Struct, frozen=True, kw_only=True):
    """Latency at one size, compared. Bounds are one-sided, each with the finding's confidence."""

    size: str
    status: Status
    is_doubted: bool = False
    "True where it is INCONCLUSIVE only because the processes were disturbed, and would be REGRESSED otherwise"
    median_s: float
    "median of the processes' medians, s"
    base_s: float | None = None
    "what it is compared with, s; None: that has no such size"
    ratio: float | None = None
    "latency over that of the base: 1.05 is 5 % slower"
    lower: float | None = None
    "bound of the true ratio; None: not known"
    upper: float | None = None
    detectable: float | None = None
    "slowdown, as a share, that would have been called REGRESSED four times in five; None: none of any size"


def worst_size(sizes: list[SizeLatency]) -> SizeLatency:
    """The size that decides: the worst status, and of equal ones the largest ratio."""
    return min(sizes, key=lambda one: (WORST_SIZE_FIRST.index(one.status), -(one.ratio or 0.0)))


def _unordered(sizes: list[SizeLatency]) -> str:
    """The first status that no size can have, as a clause; empty: none."""
    return next((f"a size that is {one.status.value}" for one in sizes if one.status not in WORST_SIZE_FIRST), "")


class SameProgram(msgspec.Struct, frozen=True):
    """What was measured is the program that was recorded."""

    modules: int
    "of the tree that it loaded"
    files: int
    "of the tree, or outside of it, that it opened besides"
    settings: int
    "of the variant's declaration"
    has_model: bool = True
    "False where the variant brings its own weights"
    machine: list[str] = msgspec.field(default_factory=list)
    "what of the machine differs from when it was recorded: `kernel 6.1 -> 6.2`"


class StoredLatencyFinding(Finding, frozen=True, kw_only=True, tag="stored_latency"):
    """Latency compared with the runs that are recorded in the baseline."""

    part = "latency"
    median_s: float
    "at the first size, s"
    spread: float
    "half the range of the processes' medians over their median"
    sizes: list[SizeLatency] = msgspec.field(default_factory=list)
    "empty where nothing was compared"
    limit: float = 0.0
    "allowed rise, as a share (`max_slowdown`)"
    confidence: float = 0.95
    "of the bounds"
    runs: int = 0
    "recorded runs that were compared with"
    processes: int = 0
    "of each of them; of the one with the fewest, where they differ"
    is_watched: bool = True
    "False where this run, or a recorded one, was not drawn in the machine's usual regime as far as is known"
    disturbed: list[str] = msgspec.field(default_factory=list)
    "for each process that was disturbed by something else, by what"
    doubted_because: str = ""
    "why a slowdown is not certain, as a clause: half of the processes or more were disturbed"
    in_spite_of: str = ""
    "the same where the slowdown is more than that explains, so that it stands; empty: nothing was disturbed"
    explained: float = 1.0
    "the largest slowdown, as a factor, that the disturbance explains"
    other_work: str = ""
    "how the recorded runs are of other work, as a clause after `measured with`; empty: they are not"
    other_regime: OtherRegime | None = None
    "None: all pictures were drawn in the machine's usual regime, or that is not known"
    same: SameProgram | None = None
    "None: what was measured is not known to be what was recorded"
    changed_because: str = ""
    "why it is not known to be, as a clause; empty: it is, or nothing is known of what was recorded"
    not_escalated_because: str = ""
    "why what was recorded was not measured side by side, as a clause; empty: there was no need, or it was not wanted"

    @property
    def fault(self) -> str:
        return _unordered(self.sizes)


class DroppedPair(msgspec.Struct, frozen=True):
    """A pair that does not count."""

    number: int
    "in the order in which pairs were measured, from 1"
    because: str


class IdenticalProgram(msgspec.Struct, frozen=True):
    """Base and head are one program, so that there was nothing to time."""

    modules: int
    "of the tree that it loaded"
    files: int
    "of the tree that it opened besides"
    has_model: bool = True
    "False where the variant brings its own weights"


class PairedLatencyFinding(Finding, frozen=True, kw_only=True, tag="paired_latency"):
    """Latency of the head compared with the base's, measured side by side."""

    part = "latency"
    base: str
    "label of the base: `main (1a2b3c4d5e)`"
    head: str
    median_s: float
    "of the head at the first size, s"
    spread: float
    sizes: list[SizeLatency] = msgspec.field(default_factory=list)
    "empty where nothing was compared"
    pairs: int = 0
    "that count"
    dropped: list[DroppedPair] = msgspec.field(default_factory=list)
    ignore: float = 0.0
    "slowdown, as a share, that must not fail"
    must_catch: float = 0.0
    "slowdown, as a share, that must not pass"
    confidence: float = 0.95
    fewest_pairs: int = 0
    "before the first decision"
    spent_s: float = 0.0
    "wall time of everything, preparing the base included"
    out_of_budget: bool = False
    "True where the budget ended before anything was decided"
    too_busy: bool = False
    "True where too many pairs were dropped to compare at all"
    in_spite_of: str = ""
    "how pairs were disturbed, as a clause, where the slowdown is more than that explains; all pairs count then"
    explained: float = 1.0
    "the largest slowdown, as a factor, that the disturbance explains"
    every_round: float = 0.0
    "where pairs were too few for a test: the head was slower by more than this factor in every round; 0: not used"
    in_turn: bool = False
    "True where memory is too small for both, so that one ran after the other"
    invalid: str = ""
    "why base and head must not be compared, as a sentence; empty: they may be"
    other_regime: OtherRegime | None = None
    "None: all pictures were drawn in the machine's usual regime, or that is not known"
    models: ModelDifference | None = None
    "how the models of base and head differ; None: they do not"
    recorded: StoredLatencyFinding | None = None
    "what the recorded runs show; None: there are none"
    identical: IdenticalProgram | None = None
    "None: base and head are not known to be the same program"
    measured_because: str = ""
    "why they are not, as a clause; empty: nobody asked, or they are"

    @property
    def fault(self) -> str:
        return (self.recorded.fault if self.recorded else "") or _unordered(self.sizes)


class ControlFinding(Finding, frozen=True, kw_only=True, tag="control"):
    """The head compared with itself: where a difference is seen, other verdicts are worth less."""

    part = "control"
    latency: PairedLatencyFinding

    @property
    def fault(self) -> str:
        return self.latency.fault


class SizeSpeedup(msgspec.Struct, frozen=True):
    """Two variants at one size."""

    size: str
    median_s: float
    sibling_s: float

    @property
    def factor(self) -> float:
        """How many times faster than the sibling."""
        return self.sibling_s / self.median_s


class SpeedupFinding(Finding, frozen=True, kw_only=True, tag="speedup"):
    """Latency compared with that of another variant in the same session."""

    part = "latency"
    sibling: str
    "the other variant"
    limit: float
    "`min_speedup`: the factor that is promised"
    sizes: list[SizeSpeedup] = msgspec.field(default_factory=list)
    "that both drew, the worst first; empty: nothing shows the promise"
    doubted_because: str = ""
    "why a missed factor is not certain, as a clause: one of the two was disturbed"

    @property
    def is_promise(self) -> bool:
        return True

    @property
    def fault(self) -> str:
        return "" if all(one.median_s > 0 for one in self.sizes) else "a latency of 0 s or less"
