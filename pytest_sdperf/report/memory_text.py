"""Texts of the finding on memory: one sentence, and the peak."""

from __future__ import annotations

from pytest_sdperf.report.finding_text import Figure, Text
from pytest_sdperf.report.latency_text import of_other_work, without_baseline
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.units import format_bytes, format_share
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.wording import share_apart


def memory_sentence(finding: MemoryFinding) -> str:
    peak = f"peak {_peak(finding)}"
    limit = f"absolute limit {format_bytes(finding.max_bytes or 0)}"
    if finding.base_bytes is None:
        if finding.is_over:
            return f"{peak} ({limit})"
        if finding.other_work:
            return of_other_work(finding.other_work)
        if finding.is_base_unmeasured:
            return "the base was not measured, so growth is not judged"
        if finding.identical_to:
            within = "" if finding.max_bytes is None else f", {limit}"
            return f"{peak}, identical program as {finding.identical_to}{within}"
        return without_baseline(peak, finding.missing)
    growth, most = finding.peak_bytes / finding.base_bytes - 1, finding.max_growth
    change = f"+{share_apart(growth, most)}" if finding.has_grown else format_share(growth)
    base = f"{finding.base}'s {format_bytes(finding.base_bytes)}"
    sentence = f"{peak}, {change} against {base} (limit {format_share(most)})"
    return sentence if finding.max_bytes is None else f"{sentence}, {limit}"


def _peak(finding: MemoryFinding) -> str:
    """The peak in binary units, in bytes as well where rounding would hide on which side of the limit it is."""
    text = format_bytes(finding.peak_bytes)
    is_hidden = finding.is_over and text == format_bytes(finding.max_bytes or 0)
    return f"{text} ({finding.peak_bytes} bytes)" if is_hidden else text


def _peak_bytes(outcome: Outcome) -> int:
    """Memory of its own at most, without its libraries' pages where they are known."""
    return outcome.measurement.peak_bytes


MEMORY = Text(memory_sentence, figures=(Figure("peak", "peak", _peak_bytes, format_bytes, "peak_bytes"),))
