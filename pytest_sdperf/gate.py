"""The data's way: collect, then judge, then record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from pytest_sdperf.baseline import Baseline, run_of
from pytest_sdperf.baselines.accepting import begins_anew
from pytest_sdperf.baselines.file_format import time_text
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.judge.assembly import judge
from pytest_sdperf.measure.references import store_references
from pytest_sdperf.measure.session import Session
from pytest_sdperf.observations import Measured, Observations, References
from pytest_sdperf.options import Options
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.thumbnails import illustrated
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.parts import PARTS


def _now() -> datetime:
    return datetime.now(timezone.utc)


def gate(
    measured: Measured, options: Options, session: Session, *, nodeid: str, now: Callable[[], datetime] = _now
) -> Outcome:
    """Judge a measured case against its references and its baseline; record it where the options ask for it.

    Raises BaselineError for stored files that cannot be trusted or written, LaunchError and WorkerError.
    """
    store = session.store(options)
    seen = session.collect(measured, options)
    verdict = judge(seen, options)
    recorded = record(seen, verdict, store, time_text(now()))
    if recorded.is_recorded:
        session.recorded.add(seen.case.id)
    outcome = Outcome(
        nodeid,
        seen.measurement,
        verdict,
        baseline=seen.baseline,
        baseline_path=session.shown(store.path(seen.case.id)),
        recorded=recorded.is_recorded,
        replaced_because=recorded.replaced_because,
        not_recorded_because=seen.not_recorded_because,
        comparison=seen.comparison,
        control=seen.control,
        skip_reason="" if seen.is_to_be_recorded else unjudged(verdict, options),
    )
    return illustrated(outcome, measured, seen.references, options, session.images)


def measured_only(measured: Measured, options: Options, session: Session, *, nodeid: str) -> Outcome:
    """The outcome of a case that nobody promised anything of: it gets no verdict."""
    return illustrated(Outcome(nodeid, measured.measurement, None), measured, References(), options, session.images)


@dataclass(frozen=True)
class Recorded:
    """Whether this run was recorded into the baseline, and whether it replaced the earlier runs."""

    is_recorded: bool = False
    replaced_because: str = ""
    "why the runs recorded before were dropped, as a clause; empty where the new one joined them"


def record(seen: Observations, verdict: Verdict, store: BaselineStore, recorded_at: str) -> Recorded:
    """Write a sound result into its baseline, where that is asked for; one that fails in any part, gated or not, never.

    ``recorded_at`` is UTC, ISO 8601. Raises BaselineError for files that cannot be written.
    """
    if not seen.is_to_be_recorded or not _is_sound(verdict):
        return Recorded()
    run, baseline = run_of(recorded_at, seen.unpaired, seen.program, seen.revision), seen.baseline
    replaced_because = begins_anew(seen.unpaired, baseline.measurements, seen.spread) if baseline else ""
    # Pictures first: a baseline whose pictures could not be written would keep them from being stored later.
    store_references(seen.new_references, store.root)
    store.save(Baseline([run]) if baseline is None or replaced_because else baseline.with_run(run))
    return Recorded(True, replaced_because)


def _is_sound(verdict: Verdict) -> bool:
    """No part failed, whether it is gated or not; a control says nothing of what is recorded."""
    return not any(f.status in verdict.failing for f in verdict.findings if f.part in PARTS)


def unjudged(verdict: Verdict, options: Options) -> str:
    """The first gated part that --sdperf-missing=skip leaves without a baseline, in a sentence; empty: none."""
    if not verdict.passed:
        return ""
    gated = [f for f in verdict.findings if f.part in options.gate]
    return next((f"{f.part} {sentence(f)}" for f in gated if f.missing and f.missing.then == "skip"), "")
