"""Everything that fails a run, in one list: cases that broke a promise, and tests that ended in an error."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_sdperf.report import failure
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.report.plain import plain

_LONGEST_NAME = 80
_LONGEST_SENTENCE = 1000
_LONGEST_LINE = 500


@dataclass(frozen=True)
class Failed:
    """One failure, every text made plain."""

    name: str
    "the variant; of a test that failed by itself its own name"
    status: str
    "in words: `REGRESSED`, `NOT MEASURED`, `ERROR`"
    sentence: str
    "begins with the name"
    section: str
    "the details, line by line"
    source: Outcome | ErrorOutcome
    "has the test and its place"


def failures(report: Report) -> list[Failed]:
    """All failures: those of measured cases in their order, then the errors."""
    return [*(failed_case(o) for o in report.outcomes if o.failed), *map(failed_by_error, report.errors)]


def error_name(error: ErrorOutcome) -> str:
    """The variant, or the test's own name where it failed by itself; plain."""
    return plain(error.variant or error.nodeid.rpartition("::")[2], _LONGEST_NAME)


def error_words(error: ErrorOutcome) -> str:
    """`NOT MEASURED` for a case, `ERROR` for a test that failed by itself."""
    return "NOT MEASURED" if error.variant else "ERROR"


def error_sentence(error: ErrorOutcome) -> str:
    """``ship: not measured: the worker was killed by signal 9 (SIGKILL) …``."""
    is_file = "::" not in error.nodeid
    what = "not measured" if error.variant else "it cannot be collected" if is_file else "the test failed"
    return f"{error_name(error)}: {what}: {plain(error.sentence, _LONGEST_SENTENCE)}"


def failed_case(outcome: Outcome) -> Failed:
    """A measured case that failed."""
    return Failed(
        name=plain(outcome.measurement.variant, _LONGEST_NAME),
        status=_status(outcome),
        sentence=failure.sentence(outcome),
        section=failure.section(outcome),
        source=outcome,
    )


def _status(outcome: Outcome) -> str:
    verdict = outcome.verdict
    return verdict.failures[0].status.value if verdict and verdict.failures else "NOT JUDGED"


def failed_by_error(error: ErrorOutcome) -> Failed:
    """A case that was not measured, or a test that failed by itself."""
    lines = [*([f"case      {plain(error.case_id)}"] if error.case_id else []), f"test      {plain(error.nodeid)}"]
    if error.log:
        lines += ["", "worker's log", *(f"          {plain(line, _LONGEST_LINE)}" for line in error.log.splitlines())]
    return Failed(error_name(error), error_words(error), error_sentence(error), "\n".join(lines), error)
