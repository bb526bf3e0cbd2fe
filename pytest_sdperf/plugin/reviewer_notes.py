"""The report of a run with its notes for a reviewer, whether anything was measured or not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_sdperf.measure.session import Session
    from pytest_sdperf.options import Options
    from pytest_sdperf.plugin.base_tests import BaseTests
    from pytest_sdperf.plugin.fates import Fates
    from pytest_sdperf.plugin.promises import Promises
    from pytest_sdperf.plugin.results import Results
    from pytest_sdperf.policy.judged_by import JudgedBy
    from pytest_sdperf.report.outcome import Outcome, Report

WITHOUT_FLAG = (
    "--sdperf-{} is given, and neither the command line nor the settings say --sdperf: nothing was measured or judged"
)

NOTHING_BEFORE = (
    "{}: there is no base to measure side by side with, so that latency and memory are judged by recorded runs and "
    "absolute limits alone, and what has neither is skipped"
)


def interruption(unfinished: str | None) -> str:
    """The note on a run that somebody ended, so that its report is not taken for that of the whole run."""
    if unfinished is None:
        return "INTERRUPTED: cases that were not measured by then are not in this report"
    return (
        f"INTERRUPTED during {unfinished}: it is neither judged nor recorded, and later cases were not measured; "
        "earlier results stand"
    )


def gathered(
    fates: Fates,
    promises: Promises,
    outcomes: Sequence[Outcome],
    options: Options,
    *,
    judged_by: JudgedBy | None,
    session: Session | None,
    base: BaseTests | None = None,
) -> tuple[list[str], list[str]]:
    """Notes on what the change would decide otherwise, and those on what was not judged, which are warnings.

    ``judged_by`` has the rules of another revision, ``base`` the tests of the one that is compared with.
    """
    notes, not_judged, awaited = [], [], {}
    measured = {outcome.nodeid for outcome in outcomes if outcome.verdict is None and not outcome.error}
    judged = {outcome.nodeid for outcome in outcomes if outcome.verdict is not None}
    if judged_by is not None:
        awaited = judged_by.base.declaration.awaited
        notes += judged_by.notes((fates.rootdir / options.baselines).resolve())
        not_judged += fates.notes(awaited, judged_by.base.label, measured, judged)
    if base is not None and base.declaration is None:
        not_judged.append(f"which tests of {base.label} this run did not judge is not known: {base.why}")
    elif base is not None and base.declaration is not None:
        others = {nodeid: asks for nodeid, asks in base.declaration.awaited.items() if nodeid not in awaited}
        not_judged += fates.notes(others, base.label, measured, judged)
        notes += [] if judged_by else base.altered
        awaited = {**awaited, **others}
    named = {nodeid for nodeid, asks in awaited.items() if asks not in ("measure", "maybe")}
    warnings = not_judged + fates.own_notes(measured, judged, named) + promises.notes()
    if session is not None:
        from pytest_sdperf.plugin.new_cases import new_cases

        warnings += new_cases(session, outcomes, options, judged_by)
    if session is not None and not fates.is_narrowed:
        warnings += _only_measured(session, outcomes, options)
    return notes, warnings


def _only_measured(session: Session, outcomes: Sequence[Outcome], options: Options) -> list[str]:
    """Notes on cases with recorded runs that no test asked a verdict of."""
    asked = {outcome.measurement.case_id for outcome in outcomes if outcome.verdict is not None or outcome.error}
    recorded = {path.stem: path for path in session.store(options).unused(asked)}
    found = {outcome.measurement.case_id: outcome.nodeid for outcome in outcomes}
    return [
        f"{case_id} was only measured, by {nodeid}, though {session.shown(recorded[case_id])} holds recorded runs "
        "to compare it with: nothing of it was judged"
        for case_id, nodeid in found.items()
        if case_id in recorded
    ]


def report_of(
    session: Session | None,
    results: Results,
    options: Options,
    notes: Sequence[str],
    warnings: Sequence[str],
) -> Report | None:
    """The report; None where nothing was measured or failed, nothing is to be said, and no file is asked for."""
    import msgspec

    if session is not None:
        made = session.report(results.outcomes, options, [*notes, *warnings], results.unfinished)
        return msgspec.structs.replace(
            made, warnings=list(warnings), errors=list(results.errors), unfinished=dict(results.unfinished)
        )
    if not (results.errors or notes or warnings or options.json or options.html or options.markdown):
        return None
    from pytest_sdperf import __version__
    from pytest_sdperf.baselines.file_format import time_text
    from pytest_sdperf.report.outcome import Report

    now = time_text(datetime.now(timezone.utc))
    return Report(
        [],
        [*notes, *warnings],
        begun_at=now,
        plugin_version=__version__,
        warnings=list(warnings),
        errors=list(results.errors),
        unfinished=dict(results.unfinished),
    )


def written(report: Report, options: Options, rootdir: Path) -> list[str]:
    """Write every file that was asked for; returns what went wrong, as sentences for people."""
    from pytest_sdperf.report import formats
    from pytest_sdperf.report.github_job import append_summary

    problems = [*formats.write(report, options, rootdir), append_summary(report, os.environ)]
    return [problem for problem in problems if problem]
