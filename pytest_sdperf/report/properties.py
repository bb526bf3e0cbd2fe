"""A case as properties of its test: for JUnit files, and whatever else reads a test's `user_properties`."""

from __future__ import annotations

import math

from pytest_sdperf.report.failures import error_words
from pytest_sdperf.report.finding_text import figures
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome
from pytest_sdperf.report.plain import plain
from pytest_sdperf.report.rows import verdict_words
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.latency_findings import worst_size
from pytest_sdperf.verdict.status import Status

_LONGEST_SENTENCE = 1000


def properties(outcome: Outcome) -> list[tuple[str, str | float]]:
    """(name, value) in a fixed order, ``sdperf_case`` first: a test of several cases has one such row after another.

    Latencies are in s, memory in bytes, PSNR in dB. Unknown values are left out. Only finite numbers are
    numbers: ``inf``, of pictures that are identical, is a text.
    """
    measurement, verdict = outcome.measurement, outcome.verdict
    latency = verdict.latency if verdict else None
    ratio = worst_size(latency.sizes).ratio if latency and latency.sizes else None
    known: list[tuple[str, str | float | None]] = [
        ("sdperf_case", measurement.case_id),
        ("sdperf_variant", measurement.variant),
        ("sdperf_machine", measurement.environment.machine_key),
        ("sdperf_verdict", verdict_words(outcome)),
        ("sdperf_error", plain(outcome.error, _LONGEST_SENTENCE) or None),
        *((f"sdperf_{part}", status.value) for part, status in _parts(verdict).items()),
        ("sdperf_latency_s", measurement.latency.median_s),
        ("sdperf_latency_ratio", ratio),
        *((f"sdperf_{figure.property_name}", figure.of(outcome)) for figure in figures() if figure.property_name),
    ]
    return [(name, _plain(value)) for name, value in known if value is not None]


def error_properties(error: ErrorOutcome) -> list[tuple[str, str | float]]:
    """The same of a case that was not measured."""
    known = [
        ("sdperf_case", error.case_id or error.variant),
        ("sdperf_variant", error.variant),
        ("sdperf_verdict", error_words(error)),
        ("sdperf_error", plain(error.sentence, _LONGEST_SENTENCE)),
    ]
    return [(name, value) for name, value in known if value]


def _parts(verdict: Verdict | None) -> dict[str, Status]:
    """Part -> its worst status: a part may have several findings."""
    parts = dict.fromkeys(finding.part for finding in verdict.findings) if verdict else {}
    return {part: worst.status for part in parts if verdict and (worst := verdict.worst(part))}


def _plain(value: str | float) -> str | float:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
