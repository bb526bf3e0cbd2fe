"""The verdict of a whole run in one or two sentences."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.report.failures import error_name
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.parts import NEED_BASELINE
from pytest_sdperf.verdict.status import WARNING, Status
from pytest_sdperf.wording import listed, plural

_NAMED = 3
"""Variants that are named; of more only the number is given."""

_LONGEST_NAME = 40

_PASSED = (Status.PASSED, Status.FASTER)


def headline(report: Report) -> str:
    """``1 of 9 cases failed: openvino_static (latency REGRESSED). 1 is INCONCLUSIVE: openvino.``"""
    outcomes = report.outcomes
    warned = ["Tests of the base were not judged: see the notes."] if report.warnings else []
    if not outcomes and not report.errors:
        return " ".join(["Nothing was measured.", *warned])
    bad, cases = failed(report), case_count(report)
    judged = [o for o in outcomes if o.verdict is not None]
    sentences = []
    if bad:
        named = listed([_with_parts(one) for one in bad], _NAMED)
        sentences.append(f"{len(bad)} of {plural(cases, 'case')} failed: {named}.")
    elif judged:
        passed = all(o.verdict is not None and o.verdict.status in _PASSED for o in outcomes)
        many = f"All {len(outcomes)} cases passed." if passed else f"None of {len(outcomes)} cases failed."
        sentences.append(many if len(outcomes) > 1 else f"The case {'passed' if passed else 'did not fail'}.")
    others = [o for o in judged if not o.failed]
    unsure, diverged = (
        [o for o in others if o.verdict is not None and o.verdict.status is status]
        for status in (Status.INCONCLUSIVE, Status.DIVERGED)
    )
    ungated = [o for o in others if o.verdict is not None and o.verdict.status in o.verdict.failing - WARNING]
    for found, one, many in (
        (unsure, "is INCONCLUSIVE", "are INCONCLUSIVE"),
        (diverged, "DIVERGED", "DIVERGED"),
        (ungated, "breaks a promise that is not gated", "break a promise that is not gated"),
        ([o for o in others if o.skip_reason], "was skipped for want of a baseline", "were skipped for want of one"),
    ):
        if found:
            sentences.append(f"{len(found)} {one if len(found) == 1 else many}: {_named(found)}.")
    recorded = [o for o in outcomes if o.recorded and o.baseline is None]
    if recorded:
        was = "was recorded as new baseline" if len(recorded) == 1 else "were recorded as new baselines"
        sentences.append(f"{len(recorded)} {was}, with {NEED_BASELINE} not judged.")
    if tests := [error for error in report.errors if not error.variant]:
        names = listed([plain(error_name(error), _LONGEST_NAME) for error in tests], _NAMED)
        sentences.insert(1 if bad else 0, f"{plural(len(tests), 'test')} failed in an error: {names}.")
    only = sum(1 for o in outcomes if o.verdict is None and not o.error)
    if only:
        sentences.append(f"{only} {'was' if only == 1 else 'were'} only measured.")
    return " ".join(sentences + warned)


def failed(report: Report) -> list[Outcome | ErrorOutcome]:
    """The cases that failed their test: judged, or never measured."""
    return [*(o for o in report.outcomes if o.failed), *(error for error in report.errors if error.variant)]


def case_count(report: Report) -> int:
    """The cases of a run, measured or not."""
    return len(report.outcomes) + sum(1 for error in report.errors if error.variant)


def _named(outcomes: Sequence[Outcome]) -> str:
    return listed([plain(o.measurement.variant, _LONGEST_NAME) for o in outcomes], _NAMED)


def _with_parts(failure: Outcome | ErrorOutcome) -> str:
    """``ship (latency REGRESSED)``."""
    if isinstance(failure, ErrorOutcome):
        return f"{plain(failure.variant, _LONGEST_NAME)} (not measured)"
    found = failure.verdict.failures if failure.verdict else []
    parts = dict.fromkeys(f"{f.part} {f.status.value}" for f in found)
    return f"{plain(failure.measurement.variant, _LONGEST_NAME)} ({', '.join(parts) or 'not judged'})"
