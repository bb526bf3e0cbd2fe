"""Notes on cases that have no recorded runs, so that --sdperf-missing=skip leaves parts of them unjudged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_sdperf.baseline import other_work
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import listed

if TYPE_CHECKING:
    from pytest_sdperf.baselines.store import BaselineStore
    from pytest_sdperf.measure.session import Session
    from pytest_sdperf.measurement import Measurement
    from pytest_sdperf.options import Options
    from pytest_sdperf.policy.judged_by import JudgedBy
    from pytest_sdperf.report.outcome import Outcome


def new_cases(session: Session, outcomes: Sequence[Outcome], options: Options, judged_by: JudgedBy | None) -> list[str]:
    """One note for each case that was skipped for want of a baseline, as a sentence.

    It names what was not judged, and the recorded runs that this run did not use: a test that now measures something
    else has left those of its earlier case behind.
    """
    store = session.store(options)
    used = {outcome.measurement.case_id for outcome in outcomes}
    unused = _newest(store, used)
    label = "" if judged_by is None else f" at {judged_by.base.label}"
    known = {} if judged_by is None else judged_by.base.declaration.tests
    notes = []
    for outcome in outcomes:
        if not outcome.skip_reason or outcome.verdict is None:
            continue
        case = outcome.measurement
        missing = [f.part for f in outcome.verdict.findings if f.missing and f.status is Status.NOT_JUDGED]
        has_test = f", a test that is there{label}" if outcome.nodeid in known else ""
        left = [one for one in unused if one.variant == case.variant] or (unused if has_test else [])
        unlike = listed([f"{one.case_id} ({_difference(one, case)})" for one in left], 3)
        notes.append(
            f"{case.case_id} is a new case (of {outcome.nodeid}{has_test}): it has no recorded runs{label}, so that "
            f"these parts were not judged: {', '.join(missing)}"
            + (f"; recorded, and not measured by this run: {unlike}" if unlike else "")
        )
    return notes


def _newest(store: BaselineStore, used: set[str]) -> list[Measurement]:
    """The newest run of every baseline that this run did not use; files that cannot be read are passed over."""
    found = []
    for path in store.unused(used):
        try:
            baseline = store.load(path.stem)
        except BaselineError:
            continue
        if baseline is not None:
            found.append(baseline.newest)
    return found


def _difference(recorded: Measurement, now: Measurement) -> str:
    """What the new case has otherwise, as a clause."""
    if recorded.variant != now.variant:
        return f"of variant {recorded.variant}"
    if recorded.model != now.model:
        return f"with model {recorded.model}, this is {now.model}"
    return f"measured with {other_work(recorded, now) or 'the same workload'}"
