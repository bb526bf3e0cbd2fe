"""Changes since the baseline, or from base to head, for the part of a verdict that asks why."""

from __future__ import annotations

from pytest_sdperf.diff.changes import cold_start_changes, environment_changes, kernel_changes, stage_changes
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.case_verdict import AnyFinding
from pytest_sdperf.verdict.latency_findings import ControlFinding, PairedLatencyFinding, StoredLatencyFinding
from pytest_sdperf.verdict.status import Status

_ASKS_WHY = frozenset({Status.REGRESSED, Status.INCONCLUSIVE, Status.DIVERGED, Status.FASTER, Status.BROKEN})


def change_lines(outcome: Outcome, finding: AnyFinding) -> list[str]:
    """Stages and cold start behind a latency; kernels and environment behind all that did not simply pass."""
    base, head = compared_with(outcome), outcome.measurement
    lines: list[str] = []
    if isinstance(finding, ControlFinding) and finding.latency.sizes and outcome.control and outcome.control.kept:
        lines += _moved(outcome.control.measurement_of_base(head), outcome.control.measurement_of_head(head))
    if base is None:
        return lines
    if isinstance(finding, StoredLatencyFinding | PairedLatencyFinding) and finding.sizes:
        lines += _moved(base, head)
    if finding.status in _ASKS_WHY:
        lines += [f"kernel {line}" for line in kernel_changes(base.evidence, head.evidence)]
        lines += [f"environment: {line}" for line in environment_changes(base.environment, head.environment)]
    return lines


def compared_with(outcome: Outcome) -> Measurement | None:
    """The measurement that latency and memory were compared with: the base, else the newest recorded run, else None."""
    comparison, verdict = outcome.comparison, outcome.verdict
    if comparison is not None:
        is_comparable = comparison.kept and not comparison.invalid
        return comparison.measurement_of_base(outcome.measurement) if is_comparable else None
    latency = verdict.latency if verdict else None
    was_compared = isinstance(latency, StoredLatencyFinding) and (latency.runs or latency.other_work)
    return outcome.baseline.newest if outcome.baseline and was_compared else None


def _moved(base: Measurement, head: Measurement) -> list[str]:
    several = len(head.sizes) > 1
    lines = []
    for size in head.sizes:
        if size in base.sizes:
            where = f" at {size}" if several else ""
            lines += [f"stage{where}: {line}" for line in stage_changes(base, head, size)]
    return lines + [f"cold start (not judged): {line}" for line in cold_start_changes(base, head)]
