"""Failed and inconclusive cases as workflow commands: GitHub shows them on the test's line in the pull request."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from pytest_sdperf.report.failures import Failed, failed_by_error, failed_case
from pytest_sdperf.report.finding_text import sentence as finding_sentence
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.status import WARNING

_LONGEST_NAME = 80
_LONGEST_LINE = 1000
_LONGEST_PATH = 500


def render(report: Report, *, folder: str = "") -> str:
    """One ``::error`` for each failure, one ``::warning`` for each case that only is inconclusive and for each of the
    report's warnings; empty for none of these.

    ``folder`` is the rootdir as GitHub needs it: relative to the root of the repository, with forward
    slashes; empty where it is that root. GitHub shows ten of each kind a step and keeps the rest in the log.
    """
    of_cases = [line for outcome in report.outcomes for line in _lines(outcome, folder)]
    errors = [_error(failed_by_error(error), folder) for error in report.errors]
    title = escaped_property("sdperf: not judged")
    warnings = [f"::warning title={title}::{escaped_data(plain(text, _LONGEST_LINE))}" for text in report.warnings]
    return "".join(f"{line}\n" for line in (*of_cases, *errors, *warnings))


def _error(failed: Failed, folder: str) -> str:
    return _command("error", failed.source, folder, f"sdperf: {failed.name} {failed.status}", failed.sentence)


def _lines(outcome: Outcome, folder: str) -> Iterator[str]:
    if outcome.failed:
        yield _error(failed_case(outcome), folder)
        return
    if outcome.verdict is None:
        return
    name = plain(outcome.measurement.variant, _LONGEST_NAME)
    for finding in outcome.verdict.findings:
        if finding.status in WARNING:
            text = f"{name}: {finding.part} {finding.status.value}: {plain(finding_sentence(finding), _LONGEST_LINE)}"
            yield _command("warning", outcome, folder, f"sdperf: {name} {finding.status.value}", text)
            return


def _command(kind: str, outcome: Outcome | ErrorOutcome, folder: str, title: str, message: str) -> str:
    properties = {"title": title}
    if outcome.file:
        # plain, too: a file may be called anything, and a command is one line.
        file = posixpath.normpath(posixpath.join(folder, outcome.file.replace("\\", "/")))
        properties = {"file": plain(file, _LONGEST_PATH), "line": str(outcome.line or 1), **properties}
    joined = ",".join(f"{key}={escaped_property(value)}" for key, value in properties.items())
    return f"::{kind} {joined}::{escaped_data(message)}"


def escaped_data(text: str) -> str:
    """A command's message, escaped as ``escapeData`` of actions/toolkit does (packages/core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """The value of a command's property, escaped as ``escapeProperty`` of actions/toolkit does."""
    return escaped_data(text).replace(":", "%3A").replace(",", "%2C")
