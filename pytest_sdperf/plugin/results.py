"""What became of every test of ours in one run: outcomes, errors, and what must fail the run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_sdperf.plugin.elsewhere import Home

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
        self._reported: dict[str, bool] = {}
        "node id -> whether pytest has reported a phase of it as failed; missing: it has reported nothing"

    @cached_property
    def home(self) -> Home:
        """Made in the process that judges, before any test; only where something may be measured."""
        return Home()

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
        from pytest_sdperf.report.outcome import ErrorOutcome
        from pytest_sdperf.report.properties import error_properties

        file, line, _ = item.location
        error = ErrorOutcome(item.nodeid, sentence, variant, case_id, log, file, None if line is None else line + 1)
        self._add(error)
        item.user_properties += error_properties(error)
        if not self.home.is_here:
            self.home.send(error.nodeid, error.sentence, error.variant, error.file, str(error.line or ""))

    def receive(self) -> None:
        """Take over the errors that processes forked off this one have sent."""
        from pytest_sdperf.report.outcome import ErrorOutcome

        if self.home.is_here:
            for nodeid, sentence, variant, file, line in self.home.received():
                self._add(ErrorOutcome(nodeid, sentence, variant, file=file, line=int(line) if line else None))

    def _add(self, error: ErrorOutcome) -> None:
        from pytest_sdperf.report.failures import error_sentence

        if error not in self.errors:
            self.errors.append(error)
            self._failures.setdefault(error.nodeid, []).append(error_sentence(error))

    def failures(self, nodeid: str) -> list[str]:
        """Sentences that must fail the run; empty: none."""
        return self._failures.get(nodeid, [])

    def ended(self, report: pytest.TestReport) -> None:
        """Take note of a phase of a test as pytest reports it."""
        if report.nodeid not in self._ours:
            return
        self._reported[report.nodeid] = report.failed or self._reported.get(report.nodeid, False)
        if report.passed:
            return
        self.unfinished[report.nodeid] = list(self._ours[report.nodeid])
        if report.failed and not self.failures(report.nodeid):
            from pytest_sdperf.report.outcome import ErrorOutcome

            file, line, _ = report.location
            place = file, None if line is None else line + 1
            self.errors.append(ErrorOutcome(report.nodeid, _said(report), file=place[0], line=place[1]))

    def collected(self, report: pytest.CollectReport) -> None:
        """Take note of a file or class that cannot be collected: whether its tests are ours, nobody can say."""
        if not report.failed:
            return
        from pytest_sdperf.report.outcome import ErrorOutcome

        self.unfinished[report.nodeid] = []
        self.errors.append(ErrorOutcome(report.nodeid, _said(report), file=report.nodeid.partition("::")[0]))

    def has_failed(self, nodeid: str) -> bool:
        """Whether pytest has reported the test as failed."""
        return self._reported.get(nodeid, False)

    def finish(self, expected: Iterable[str]) -> None:
        """The run ends: each of ``expected`` that is ours and was never reported, or measures still, is an error."""
        from pytest_sdperf.report.outcome import ErrorOutcome

        for nodeid in expected:
            if nodeid in self._ours and nodeid not in self._reported and not self.failures(nodeid):
                self.unfinished[nodeid] = list(self._ours[nodeid])
                self._add(ErrorOutcome(nodeid, _LOST))
        if self.home.busy:
            what, nodeid = self.home.busy
            self._add(ErrorOutcome(nodeid, _STILL_MEASURED.format(what), what.partition("-")[0]))
        self.home.close()

    @property
    def any_failed(self) -> bool:
        """Whether the run must fail."""
        return bool(self._failures or self.errors)

    def hidden(self) -> list[str]:
        """A sentence for each failed test that pytest does not count as failed."""
        return [
            f"{nodeid} does not count as failed for pytest, and this failed the run: {'; '.join(sentences)}"
            for nodeid, sentences in self._failures.items()
            if not self.has_failed(nodeid)
        ]


_LOST = (
    "pytest has no result of this test: a plugin or conftest took it over. Leave out what runs tests in another way "
    "(pytest_runtest_protocol)."
)
_STILL_MEASURED = "{} was still being measured in a thread when the run ended. Join the thread in the test."


def _said(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The failure of a test's own code, or of its file, in a line: ``AssertionError: …``."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash else report.longrepr).strip()
    phase = "" if report.when in ("call", "collect") else f"in its {report.when}: "
    lines = text.splitlines() or ["no reason is known"]
    # Of what could not be imported pytest gives a text; its last error is the reason.
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    return phase + (errors[-1] if errors and report.when == "collect" and not crash else lines[0])


RESULTS = pytest.StashKey[Results]()
