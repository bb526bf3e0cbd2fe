"""Notes that a run reports once, apart from its cases: files that it left alone, and baselines that are out of date."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding
from pytest_sdperf.verdict.status import Status


def run_notes(outcomes: Sequence[Outcome], *, unused: Sequence[str], foreign: Sequence[str], machine: str) -> list[str]:
    """The notes of a run: ``unused`` and ``foreign`` are files below the baselines, ``machine`` the key of this one."""
    notes = [
        f"{len(files)} {what}: {', '.join(files)}"
        for what, files in (
            ("stored here but not used by this run, and left as they are", unused),
            (f"in the baselines folder but not of this machine ({machine}), and left alone", foreign),
        )
        if files
    ]
    notes += [
        f"{name}: load of other processes cannot be seen, because {why}; none of its measurements counts as disturbed "
        "by it"
        for name, why in _unseen(outcomes).items()
    ]
    return notes + [
        f"{o.measurement.variant} is significantly faster than its recorded runs, which let later slowdowns "
        "pass: accept it with --sdperf-update=all"
        for o in outcomes
        if _outruns_baseline(o)
    ]


def _unseen(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Variant -> why nobody knows what else the machine did while it was measured."""
    found: dict[str, str] = {}
    for o in outcomes:
        watched = [run.seen for run in o.measurement.processes if run.seen is not None]
        watched += [pair.seen for pair in o.comparison.pairs] if o.comparison else []
        if unseen := next((seen.unseen for seen in watched if seen.unseen), ""):
            found[o.measurement.variant] = unseen
    return found


def _outruns_baseline(outcome: Outcome) -> bool:
    """Whether it was measured side by side, and the recorded runs alone show that it is faster than all of them."""
    latency = outcome.verdict.latency if outcome.verdict else None
    recorded = latency.recorded if isinstance(latency, PairedLatencyFinding) else None
    return recorded is not None and recorded.status is Status.FASTER
