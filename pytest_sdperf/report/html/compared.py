"""The base or the recorded runs that a case is compared with: processes, stages and changes, ready to draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

from pytest_sdperf.comparison import latencies_s
from pytest_sdperf.diff.changes import environment_changes, kernel_changes
from pytest_sdperf.measurement import Measurement, ProcessRun
from pytest_sdperf.report.html.charts import Change, Process
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.plain import plain
from pytest_sdperf.stats.rounds import pair_log_ratio
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding, StoredLatencyFinding, worst_size

LatencyFinding: TypeAlias = StoredLatencyFinding | PairedLatencyFinding

_LONGEST_NAME = 80

_GAP = 1.0
"""Between the groups of the latency chart, in steps of its processes."""

_ASIDE = 0.17
"""Half the distance between the two processes of a pair, in the same."""


_LARGEST_DRAWN = 1e6
"""Ratio."""


@dataclass(frozen=True)
class Compared:
    """A case and its base."""

    head: Measurement
    size: str
    "what latency was judged by: the worst size, else the first"
    base: Measurement | None = None
    "None: nothing to compare with"
    base_label: str = ""
    "made plain"
    processes: list[Process] = field(default_factory=list)
    ticks: dict[float, str] = field(default_factory=dict)
    "place in the latency chart -> what stands there"
    change: Change | None = None

    @property
    def kernel_changes(self) -> list[str]:
        return [] if self.base is None else kernel_changes(self.base.evidence, self.head.evidence)

    @property
    def environment_changes(self) -> list[str]:
        return [] if self.base is None else environment_changes(self.base.environment, self.head.environment)


def compared(outcome: Outcome) -> Compared:
    """The two sides that the latency verdict compared; the case alone where it compared nothing."""
    head = outcome.measurement
    finding = outcome.verdict.latency if outcome.verdict else None
    named = worst_size(finding.sizes).size if finding and finding.sizes else ""
    size = named if named in head.sizes else head.sizes[0]
    if outcome.comparison is not None and outcome.comparison.kept:
        return _side_by_side(outcome, size, finding)
    if outcome.baseline is not None and all(size in run.sizes for run in outcome.baseline.measurements):
        return _after_runs(outcome, size, finding)
    processes = [_process("head", at, run, size) for at, run in enumerate(head.processes, 1)]
    return Compared(head, size, processes=processes, ticks={p.at: str(i) for i, p in enumerate(processes, 1)})


def _side_by_side(outcome: Outcome, size: str, finding: LatencyFinding | None) -> Compared:
    head, comparison = outcome.measurement, outcome.comparison
    assert comparison is not None  # noqa: S101 - for the type checker; the caller asked
    processes = []
    for at, pair in enumerate(comparison.pairs, 1):
        for side, run, aside in (("base", pair.base, -_ASIDE), ("head", pair.head, _ASIDE)):
            if size in run.images:
                processes.append(_process(side, at + aside, run, size, counts=not pair.dropped))
    ratios = [pair_log_ratio(latencies_s(p.base, size), latencies_s(p.head, size)) for p in comparison.kept]
    return Compared(
        head,
        size,
        base=comparison.measurement_of_base(head),
        base_label=plain(comparison.base.label, _LONGEST_NAME),
        processes=processes,
        ticks={float(at): str(at) for at in range(1, len(comparison.pairs) + 1)},
        change=_change(finding, pairs=[math.expm1(r) for r in ratios]),
    )


def _after_runs(outcome: Outcome, size: str, finding: LatencyFinding | None) -> Compared:
    assert outcome.baseline is not None  # noqa: S101 - for the type checker; the caller asked
    processes: list[Process] = []
    ticks: dict[float, str] = {}
    at = 0.0
    runs = outcome.baseline.measurements
    for number, measurement in enumerate([*runs, outcome.measurement], 1):
        side = "base" if number <= len(runs) else "head"
        at += _GAP
        places = [at + step for step in range(len(measurement.processes))]
        processes += [_process(side, p, run, size) for p, run in zip(places, measurement.processes, strict=True)]
        ticks[sum(places) / len(places)] = f"run {number}" if side == "base" else "now"
        at = places[-1] + _GAP
    newest = outcome.baseline.runs[-1]
    label = plain(f"recorded run of {newest.recorded_at}", _LONGEST_NAME) if newest.recorded_at else "recorded run"
    return Compared(
        outcome.measurement,
        size,
        base=newest.measurement,
        base_label=label,
        processes=processes,
        ticks=ticks,
        change=_change(finding),
    )


def _process(side: str, at: float, run: ProcessRun, size: str, *, counts: bool = True) -> Process:
    seconds = latencies_s(run, size)
    return Process(side, at, run.median_ns(size) / 1e9, min(seconds), max(seconds), counts)


def _change(finding: LatencyFinding | None, *, pairs: list[float] | None = None) -> Change | None:
    """The interval of the latency finding at the size that decides; None where nothing was compared."""
    worst = worst_size(finding.sizes) if finding and finding.sizes else None
    if finding is None or worst is None or worst.ratio is None or _drawn(worst.ratio) is None:
        return None
    if isinstance(finding, PairedLatencyFinding):
        limits = {"ignored": finding.ignore, "limit": finding.must_catch}
    else:
        limits = {"limit": finding.limit}
    lower, upper = _drawn(worst.lower), _drawn(worst.upper)
    drawn = {word: limit for word, limit in limits.items() if _drawn(limit + 1) is not None}
    return Change(worst.ratio - 1, lower, upper, drawn, pairs or [])


def _drawn(ratio: float | None) -> float | None:
    """The change that a ratio stands for; None where no axis holds it: a report read from a file may have any."""
    return ratio - 1 if ratio is not None and abs(ratio) < _LARGEST_DRAWN else None
