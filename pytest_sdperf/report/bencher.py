"""The report for Bencher: Bencher Metric Format, a JSON object of benchmarks, their measures and these' metrics.

Documented at https://bencher.dev/docs/reference/bencher-metric-format with a schema, https://bencher.dev/bmf.json:
``{"benchmark": {"measure": {"value": …, "lower_value": …, "upper_value": …}}}``, the bounds optional. A benchmark's
name has at most 1024 bytes, a measure's slug at most 64. ``latency`` is in every project, in ns; ``peak-memory`` is
made when it is first seen. ``bencher run --adapter json --file PATH`` sends the file.
"""

from __future__ import annotations

import json

from pytest_sdperf.measurement import Latency
from pytest_sdperf.report.outcome import Report
from pytest_sdperf.report.series import followed

_NS = 1e9


def render(report: Report) -> str:
    """Latency at each size (ns) and peak memory (bytes) of every case that `series.followed` lets through.

    The bounds of a latency are the fastest and the slowest process's median; one process has none.
    """
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for case in followed(report):
        for name, latency in case.latencies.items():
            metrics.setdefault(name, {})["latency"] = _metric(latency)
        metrics.setdefault(case.name, {})["peak-memory"] = {"value": case.peak_bytes}
    return json.dumps(metrics, indent=1, allow_nan=False) + "\n"


def _metric(latency: Latency) -> dict[str, float]:
    medians_s = latency.process_medians_s
    bounds = {"lower_value": min(medians_s) * _NS, "upper_value": max(medians_s) * _NS} if len(medians_s) > 1 else {}
    return {"value": latency.median_s * _NS, **bounds}
