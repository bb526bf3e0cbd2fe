"""What became of every test of ours in one run: outcomes, errors, and what must fail the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_sdperf.report.outcome import ErrorOutcome, Outcome


class Results:
    """What became of every test of ours in one run."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.errors: list[ErrorOutcome] = []
        self.unfinished: dict[str, list[str]] = {}
        "test that failed or was skipped -> the variants that it asks for"
        self._ours: dict[str, dict[str, None]] = {}
        "node id -> names of variants"
        self._failures: dict[str, list[str]] = {}
        "node id -> sentences"
        self._raised: dict[str, int] = {}
        "node id -> how many of its failures have failed the test"

    @property
    def size(self) -> tuple[int, int, int]:
        """Changes whenever something is added."""
        return len(self.outcomes), len(self.errors), len(self.unfinished)

    def expect(self, nodeid: str, variants: Iterable[str] = ()) -> None:
        """Count a test as ours; it asks for these variants, as far as is known."""
        self._ours.setdefault(nodeid, {}).update(dict.fromkeys(variants))

    def keep(self, item: pytest.Item, outcome: Outcome) -> Outcome:
        """Keep an outcome for the report, with the place of its test, and as properties of that."""
        import msgspec

        from pytest_sdperf.report.failure import sentence
        from pytest_sdperf.report.properties import properties

        file, line, _ = item.location
        placed = msgspec.structs.replace(outcome, file=file, line=None if line is None else line + 1)
        self.outcomes.append(placed)
        item.user_properties += properties(placed)
        if placed.failed:
            self._failures.setdefault(item.nodeid, []).append(sentence(placed))
        return placed

    def fail(self, item: pytest.Item, sentence: str, *, variant: str, case_id: str = "", log: str = "") -> None:
        """Keep the error of a case that could not be measured."""
        from pytest_sdperf.report.failures import error_sentence
        from pytest_sdperf.report.outcome import ErrorOutcome
        from pytest_sdperf.report.properties import error_properties

        file, line, _ = item.location
        error = ErrorOutcome(item.nodeid, sentence, variant, case_id, log, file, None if line is None else line + 1)
        self.errors.append(error)
        item.user_properties += error_properties(error)
        self._failures.setdefault(item.nodeid, []).append(error_sentence(error))

    def failures(self, nodeid: str) -> list[str]:
        """Sentences that must fail the run; empty: none."""
        return self._failures.get(nodeid, [])

    def ended(self, report: pytest.TestReport) -> None:
        """Take note of a phase of a test as pytest reports it."""
        if report.nodeid not in self._ours or report.passed:
            return
        self.unfinished[report.nodeid] = list(self._ours[report.nodeid])
        if report.failed and not self.failures(report.nodeid):
            from pytest_sdperf.report.outcome import ErrorOutcome

            file, line, _ = report.location
            place = file, None if line is None else line + 1
            self.errors.append(ErrorOutcome(report.nodeid, _said(report), file=place[0], line=place[1]))


def _said(report: pytest.TestReport) -> str:
    """The failure of a test's own code in a line: ``AssertionError: …``."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash else report.longrepr).strip()
    phase = "" if report.when == "call" else f"in its {report.when}: "
    return phase + (text.splitlines()[0] if text else "no reason is known")


RESULTS = pytest.StashKey[Results]()
