"""Why a test failed: one clear sentence, and a section that says what moved and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pytest_sdperf.report import finding_text
from pytest_sdperf.report.changes_text import change_lines
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.status import Status

_LONGEST_NAME = 80
_LONGEST_LINE = 500
_LONGEST_ERROR = 1000


def sentence(outcome: Outcome) -> str:
    """Everything that failed the test, in one sentence: a slow result never hides a broken picture or claim.

    Where nothing failed: the status.
    """
    name = plain(outcome.measurement.variant, _LONGEST_NAME)
    verdict = outcome.verdict
    if outcome.error:
        return f"{name}: not judged: {plain(outcome.error, _LONGEST_ERROR)}"
    if verdict is None:
        return f"{name} was measured and not judged."
    if verdict.passed:
        return f"{name} {verdict.status.value}."
    return f"{name}: {'; '.join(f'{f.part} {f.status.value}: {_clause(f)}' for f in verdict.failures)}."


def section(outcome: Outcome) -> str:
    """The details, line by line: every part with what was seen, what it was compared with, and how to accept it."""
    m, verdict = outcome.measurement, outcome.verdict
    lines = [
        f"case      {plain(m.case_id)}",
        f"test      {plain(outcome.nodeid)}",
        f"machine   {plain(m.environment.machine_key)}",
    ]
    said: set[str] = set()
    for finding in verdict.findings if verdict else []:
        gated = verdict is not None and finding.part in verdict.gate
        behind = [*finding_text.details(finding), *change_lines(outcome, finding)]
        # Lines that another part has said (kernels, environment) are not said again.
        new = [f"          {plain(line, _LONGEST_LINE)}" for line in behind if line not in said]
        lines += ["", _head(finding, gated=gated), *new]
        said.update(behind)
    if outcome.baseline_path:
        missing = "" if outcome.baseline else " (not there)"
        lines += ["", f"baseline  {plain(outcome.baseline_path)}{missing}"]
    if verdict is not None and not verdict.passed:
        lines += [f"accept    {_way_out(outcome, verdict)}"]
    return "\n".join(lines)


def _head(finding: AnyFinding, *, gated: bool) -> str:
    return f"{finding.part:<9} {finding.status.value}{'' if gated else ' (not gated)'}: {_clause(finding)}"


def _clause(finding: AnyFinding) -> str:
    return plain(finding_text.sentence(finding), _LONGEST_LINE).rstrip(".")


def _way_out(outcome: Outcome, verdict: Verdict) -> str:
    """The command that accepts the result, or why there is none."""
    failures = verdict.failures
    if any(finding.is_promise for finding in failures):
        return "no update accepts a broken promise: fix it, or change the limit where the test states it"
    node = shlex.quote(plain(outcome.nodeid, _LONGEST_LINE))
    if outcome.comparison is not None and (way := _way_out_side_by_side(failures, node)):
        return way
    if all(f.status is Status.DIVERGED for f in failures):
        return "every link of the chain agrees: choose prompts whose pictures are stable, or let them warn (diverged)"
    if all(f.status is Status.INCONCLUSIVE for f in failures):
        return (
            f"nothing is decided: compare side by side, pytest --sdperf --sdperf-against=REV {node}, "
            f"or record more runs, pytest --sdperf --sdperf-update=all {node}"
        )
    mode = "new" if all(f.status is Status.NO_BASELINE for f in failures) else "all"
    return f"pytest --sdperf --sdperf-update={mode} {node}"


def _way_out_side_by_side(failures: Sequence[AnyFinding], node: str) -> str:
    """Advice on a latency that was measured side by side; empty where it did not fail."""
    status = next((f.status for f in failures if f.part == "latency"), None)
    if status is Status.REGRESSED:
        return (
            "let the test allow it, @pytest.mark.sdperf(ignore=…, must_catch=…), or merge it: then later changes are "
            f"compared with it; recorded runs take it by pytest --sdperf --sdperf-update=all {node}"
        )
    if status is Status.INCONCLUSIVE:
        more = "allow more pairs (--sdperf-max-pairs, --sdperf-budget) or ask for less (--sdperf-must-catch)"
        return f"nothing is decided: {more}"
    if status is Status.INVALID_ENVIRONMENT:
        return "nothing was compared: read what latency says, then run again"
    return ""
