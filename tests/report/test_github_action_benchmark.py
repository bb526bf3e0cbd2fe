"""What github-action-benchmark reads: its documented fields, checked as its own schema does."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from pytest_sdperf.report import github_action_benchmark
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.outcome import Report
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]

RANGE = re.compile(r"(?P<prefix>(\+-|±)\s*)(?P<value>\d.*)")
"""How the action reads a range (src/extractRangeInfo.ts)."""


def checked(text: str) -> list[dict[str, Any]]:
    """The results, checked as by `BenchmarkResult` in src/extract.ts, and by nothing that it would coerce."""
    results: list[dict[str, Any]] = json.loads(text)
    assert isinstance(results, list)
    for result in results:
        assert {"name", "unit", "value"} <= set(result) <= {"name", "unit", "value", "range", "extra"}
        assert isinstance(result["value"], (int, float))
        assert math.isfinite(result["value"])
        assert all(isinstance(result[key], str) and result[key] for key in set(result) - {"value"})
        if "range" in result:
            match = RANGE.match(result["range"])
            assert match is not None
            assert float(match["value"]) >= 0
    names = [result["name"] for result in results]
    assert len(set(names)) == len(names), "the action looks for the first of a name"
    return results


def test_a_case(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    outcome = make_outcome(
        make_measurement("tuned", medians_s=(1.5, 2.0, 2.25)), make_finding("latency", Status.REGRESSED)
    )
    extra = "REGRESSED\nmachine zen5-2c-avx512_bf16\ntest tests/perf/test_blog.py::test_tuned"
    assert checked(github_action_benchmark.render(Report([outcome]))) == [
        {
            "name": "tuned-sd15-256x256-20steps latency",
            "unit": "s",
            "value": 2.0,
            "range": "± 0.375000",
            "extra": extra,
        },
        {
            "name": "tuned-sd15-256x256-20steps peak memory",
            "unit": "bytes",
            "value": 5_200_000_000,
            "extra": extra,
        },
    ]


def test_one_process_has_no_range(make_measurement: Make, make_outcome: Make) -> None:
    [latency, _] = checked(github_action_benchmark.render(Report([make_outcome(make_measurement(medians_s=(2.0,)))])))
    assert "range" not in latency


def test_from_the_json_report_alone(report: Report) -> None:
    text = github_action_benchmark.render(report)
    assert github_action_benchmark.render(report_json.read(report_json.render(report))) == text
    assert len(checked(text)) == 2 * 8


def test_each_size_is_a_result(make_measurement: Make, make_outcome: Make) -> None:
    outcome = make_outcome(make_measurement(sizes=("256x256", "512x512")))
    names = [r["name"] for r in checked(github_action_benchmark.render(Report([outcome, outcome])))]
    assert names == [
        "fp32-sd15-256x256-20steps at 256x256 latency",
        "fp32-sd15-256x256-20steps at 512x512 latency",
        "fp32-sd15-256x256-20steps peak memory",
        "fp32-sd15-256x256-20steps (2) at 256x256 latency",
        "fp32-sd15-256x256-20steps (2) at 512x512 latency",
        "fp32-sd15-256x256-20steps (2) peak memory",
    ]


def test_nothing_measured_is_an_empty_list() -> None:
    assert github_action_benchmark.render(Report([])) == "[]\n"
