"""Notes that a run reports once, apart from its cases: files that it left alone, and baselines that are out of date."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import plural


def run_notes(
    outcomes: Sequence[Outcome],
    *,
    unused: Sequence[str],
    foreign: Sequence[str],
    machine: str,
    quota: float | None = None,
) -> list[str]:
    """The notes of a run: ``unused`` and ``foreign`` are files below the baselines, ``machine`` the key of this one.

    ``quota`` is a CPU quota below the usable CPUs, in CPUs' worth of time; None: nothing limits.
    """
    notes = [
        f"{len(files)} {what}: {', '.join(files)}"
        for what, files in (
            ("stored here but not used by this run, and left as they are", unused),
            (f"in the baselines folder but not of this machine ({machine}), and left alone", foreign),
        )
        if files
    ]
    if quota is not None:
        notes += _of_quota(outcomes, quota)
    notes += [
        f"{name}: load of other processes cannot be seen, because {why}; none of its measurements counts as disturbed "
        "by it"
        for name, why in _unseen(outcomes).items()
    ]
    notes += [
        f"{name}: time that a hypervisor took cannot be seen, because /proc/stat has no column of it here; none of its "
        "measurements counts as disturbed by it"
        for name, watched in _watched(outcomes).items()
        if any(seen.unseen_steal for seen in watched)
    ]
    notes += [
        f"{o.measurement.variant} was recorded for the first time, and {why}: a slow level lets later slowdowns pass; "
        "record it again with --sdperf-update=all when nothing else runs"
        for o in outcomes
        if o.recorded and o.baseline is None and (why := disturbance(o.measurement))
    ]
    return notes + [
        f"{o.measurement.variant} is significantly faster than its recorded runs, which let later slowdowns "
        "pass: accept it with --sdperf-update=all"
        for o in outcomes
        if _outruns_baseline(o)
    ]


def _of_quota(outcomes: Sequence[Outcome], quota: float) -> list[str]:
    threads = max(int(quota), 1)
    note = (
        f"a CPU quota of {quota:g} limits this session to less than its CPUs: workers compute with "
        f"{plural(threads, 'thread')} at most unless OMP_NUM_THREADS says otherwise, and pinned variants keep all "
        "CPUs, because another container may be on the first ones"
    )
    more = {o.measurement.variant: o.measurement.environment.threads for o in outcomes}
    return [note] + [
        f"{name} computes with {plural(count, 'thread')} under a CPU quota of {quota:g}, which stops them for a part "
        f"of each period: a speed-up over it is not comparable; set OMP_NUM_THREADS={threads}, or raise the quota"
        for name, count in more.items()
        if count > max(quota, 1)
    ]


def _unseen(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Variant -> why nobody knows what else the machine did while it was measured."""
    found = {name: [seen.unseen for seen in watched if seen.unseen] for name, watched in _watched(outcomes).items()}
    return {name: reasons[0] for name, reasons in found.items() if reasons}


def _watched(outcomes: Sequence[Outcome]) -> dict[str, list[Disturbance]]:
    """Variant -> what was seen while it was measured."""
    found: dict[str, list[Disturbance]] = {}
    for o in outcomes:
        watched = found.setdefault(o.measurement.variant, [])
        watched += [run.seen for run in o.measurement.processes if run.seen is not None]
        watched += [pair.seen for pair in o.comparison.pairs] if o.comparison else []
    return found


def _outruns_baseline(outcome: Outcome) -> bool:
    """Whether it was measured side by side, and the recorded runs alone show that it is faster than all of them."""
    latency = outcome.verdict.latency if outcome.verdict else None
    recorded = latency.recorded if isinstance(latency, PairedLatencyFinding) else None
    return recorded is not None and recorded.status is Status.FASTER
