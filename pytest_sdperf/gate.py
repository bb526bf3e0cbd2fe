"""The whole story in one place: case -> measure -> judge -> verdict; then, and only then, record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.accepting import begins_anew
from pytest_sdperf.baselines.file_format import time_text
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.judge.assembly import judge as judge_case
from pytest_sdperf.measure.comparer import side_by_side
from pytest_sdperf.measure.references import find_references, store_references
from pytest_sdperf.measure.session import Measured
from pytest_sdperf.observations import Observations, References
from pytest_sdperf.options import Options
from pytest_sdperf.parts import PARTS
from pytest_sdperf.report.finding_text import sentence as finding_sentence
from pytest_sdperf.report.model import Outcome
from pytest_sdperf.report.thumbnails import with_pictures
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.stats.run_spread import run_spread
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status


def _now() -> datetime:
    return datetime.now(timezone.utc)


def judge(
    measured: Measured, options: Options, *, nodeid: str, promised: bool, now: Callable[[], datetime] = _now
) -> Outcome:
    """Judge a measured case against its references and its baseline; record it where the options ask for it.

    ``promised`` is False for a test that only measured: it gets no verdict. A run that fails in any part,
    gated or not, is never recorded. Raises BaselineError for stored files that cannot be trusted or written.
    """
    session, case, alone = measured.session, measured.case, measured.measurement
    if not promised:
        only = Outcome(nodeid, alone, None)
        return with_pictures(only, case.workload, measured.pictures, References(), session.images)
    root = session.baselines(options)
    store = BaselineStore(root, session.machine_key)
    baseline = store.load(case.id)
    jobs = [] if baseline is None else baseline.measurements
    spread = run_spread(store.variants())
    rival = options.thresholds.min_speedup
    # Measured first: where it is the reference variant too, its pictures are there already.
    sibling = session.sibling(rival[0], case, options).measurement if rival else None
    beside = side_by_side(measured, options, jobs, spread)
    # What was drawn in the same minutes as the other arm is what the two are compared by.
    measurement = beside.comparison.measurement_of_head(alone) if beside.comparison else alone
    references = find_references(measured, options, root, beside.base_pictures)
    # A run records a case once: what it measures of it again shares the hour, and is held against that job.
    asked = case.id not in session.recorded and _records(options, baseline)
    # A job from a busy hour would be the level that later ones are held against.
    kept = disturbance(alone) if asked and jobs else ""
    records = asked and not kept
    seen = Observations(
        case,
        measurement,
        alone,
        pictures=measured.pictures,
        other_pictures=measured.others,
        references=references.truth,
        baseline=baseline,
        spread=spread,
        is_to_be_recorded=records,
        sibling=sibling,
        comparison=beside.comparison,
        control=beside.control,
    )
    verdict = judge_case(seen, options)
    recorded = records and _sound(verdict)
    anew = begins_anew(alone, jobs, spread) if recorded and jobs else ""
    if recorded:
        job = RecordedRun(time_text(now()), alone)
        # Pictures first: a baseline whose pictures could not be written would keep them from being stored later.
        store_references(references, root)
        store.save(Baseline([job]) if baseline is None or anew else baseline.with_run(job))
        session.recorded.add(case.id)
    outcome = Outcome(
        nodeid,
        measurement,
        verdict,
        baseline=baseline,
        baseline_path=session.shown(store.path(case.id)),
        recorded=recorded,
        anew=anew,
        kept=kept,
        comparison=beside.comparison,
        control=beside.control,
        skip_reason="" if records else _left_unjudged(verdict, options),
    )
    return with_pictures(outcome, case.workload, measured.pictures, references.truth, session.images)


def _records(options: Options, baseline: Baseline | None) -> bool:
    """Whether a sound result goes into the baseline: only on explicit demand."""
    if options.update == "all":
        return True
    return baseline is None and options.update == "new"


def _sound(verdict: Verdict) -> bool:
    """No part failed, whether it is gated or not; a control says nothing of what is recorded."""
    return not any(f.status in verdict.failing for f in verdict.findings if f.part in PARTS)


def _left_unjudged(verdict: Verdict, options: Options) -> str:
    """What of the gate had no baseline to be held against, where --sdperf-missing=skip allows that.

    Only proof is ever unjudged for another reason: a variant that claims nothing.
    """
    if options.missing != "skip" or not verdict.passed:
        return ""
    left = [f for f in verdict.findings if f.part in options.gate and f.part != "proof"]
    return next((f"{f.part} {finding_sentence(f)}" for f in left if f.status is Status.NOT_JUDGED), "")
