"""The report of a run with its notes for a reviewer, whether anything was measured or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_sdperf.measure.session import Session
    from pytest_sdperf.options import Options
    from pytest_sdperf.plugin.fates import Fates
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


def of_the_base(
    judged_by: JudgedBy, fates: Fates, outcomes: Sequence[Outcome], options: Options, config: pytest.Config
) -> tuple[list[str], list[str]]:
    """What the change would decide otherwise, and what of the base's tests was not judged: the second are warnings."""
    folder = (config.rootpath / options.baselines).resolve()
    awaited, label = judged_by.base.declaration.awaited, judged_by.base.label
    measured = {outcome.nodeid for outcome in outcomes}
    judged = {outcome.nodeid for outcome in outcomes if outcome.verdict is not None}
    return judged_by.notes(folder), fates.notes(awaited, label, measured, judged)


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
