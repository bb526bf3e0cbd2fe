"""The report for github-action-benchmark: a JSON list of results of its own kind, of which smaller is better.

The action draws the values of each name over the commits, and raises an alert where one grows beyond a ratio. The
format (``tool: customSmallerIsBetter``) is documented in its README, under "Examples"
(https://github.com/benchmark-action/github-action-benchmark), and checked by ``BenchmarkResult`` in its
src/extract.ts: ``name``, ``value`` and ``unit``, and ``range`` and ``extra``, texts, where there is more to say. For a
list without any result the action fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_sdperf.measurement import Latency
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.report.rows import verdict_words
from pytest_sdperf.report.series import followed

_LONGEST_LINE = 300


def render(report: Report) -> str:
    """Latency at each size (s) and peak memory (bytes) of every case that `series.followed` lets through.

    ``range`` is half the range of the processes' medians, in the value's unit (``± 0.012``, as the action reads it);
    one process shows none.
    """
    return json.dumps(list(_results(report)), indent=1, allow_nan=False) + "\n"


def _results(report: Report) -> Iterator[dict[str, object]]:
    for case in followed(report):
        extra = _tooltip(case.outcome)
        for name, latency in case.latencies.items():
            value = {"name": f"{name} latency", "unit": "s", "value": latency.median_s}
            yield {**value, **_range(latency), "extra": extra}
        yield {"name": f"{case.name} peak memory", "unit": "bytes", "value": case.peak_bytes, "extra": extra}


def _range(latency: Latency) -> dict[str, str]:
    one = len(latency.process_medians_s) == 1
    return {} if one else {"range": f"± {latency.spread * latency.median_s:.6f}"}


def _tooltip(outcome: Outcome) -> str:
    """How it was judged, on which machine, by which test."""
    lines = (
        verdict_words(outcome),
        f"machine {outcome.measurement.environment.machine_key}",
        f"test {outcome.nodeid}",
    )
    return "\n".join(plain(line, _LONGEST_LINE) for line in lines)
