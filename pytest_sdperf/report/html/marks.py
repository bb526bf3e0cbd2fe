"""How a status looks: its words, a symbol and a kind that the page has colours for; never the colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_sdperf.report.failures import error_words
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome
from pytest_sdperf.report.rows import verdict_words
from pytest_sdperf.verdict.status import FAILING, WARNING, Status


@dataclass(frozen=True)
class Mark:
    """A status as it is shown."""

    words: str
    symbol: str
    kind: str
    "`good`, `bad`, `unsure` or `none`"


_SYMBOLS = {"good": "✓", "bad": "✗", "unsure": "?", "none": "·"}


def mark_of(status: Status) -> Mark:
    """The mark of one finding."""
    kind = _kind(status)
    return Mark(status.value, _SYMBOLS[kind], kind)


def mark_of_outcome(outcome: Outcome) -> Mark:
    """The mark of a case, with what its status led to."""
    verdict = outcome.verdict
    if outcome.error:
        return Mark(verdict_words(outcome), _SYMBOLS["bad"], "bad")
    kind = "none" if verdict is None or outcome.skip_reason else _kind(verdict.status)
    if kind == "bad" and verdict is not None and verdict.passed:
        kind = "unsure"  # a part that is not gated
    if verdict is not None and not verdict.passed:
        kind = "bad"
    return Mark(verdict_words(outcome), _SYMBOLS[kind], kind)


def mark_of_error(error: ErrorOutcome) -> Mark:
    """The mark of a case that was not measured, or of a test that failed by itself."""
    return Mark(error_words(error), _SYMBOLS["bad"], "bad")


def _kind(status: Status) -> str:
    if status in FAILING:
        return "bad"
    return {**dict.fromkeys(WARNING, "unsure"), Status.NOT_JUDGED: "none"}.get(status, "good")
