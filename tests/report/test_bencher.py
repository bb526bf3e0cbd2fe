"""What Bencher reads: held against its published schema and the lengths it documents."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from pytest_sdperf.report import bencher
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.outcome import Report

Make = Callable[..., Any]


def checked(text: str) -> dict[str, dict[str, dict[str, float]]]:
    """The document, checked as by https://bencher.dev/bmf.json, with no field that it does not name."""
    document: dict[str, dict[str, dict[str, float]]] = json.loads(text)
    for name, measures in document.items():
        assert 0 < len(name.encode()) <= 1024
        for slug, metric in measures.items():
            assert 0 < len(slug) <= 64
            assert {"value"} <= set(metric) <= {"value", "lower_value", "upper_value"}
            assert all(isinstance(v, (int, float)) and math.isfinite(v) for v in metric.values())
            assert metric.get("lower_value", -math.inf) <= metric["value"] <= metric.get("upper_value", math.inf)
    return document


def test_a_case(make_measurement: Make, make_outcome: Make) -> None:
    outcome = make_outcome(make_measurement("tuned", medians_s=(1.5, 2.0, 2.25)))
    assert checked(bencher.render(Report([outcome]))) == {
        "tuned-sd15-256x256-20steps": {
            "latency": {"value": 2e9, "lower_value": 1.5e9, "upper_value": 2.25e9},
            "peak-memory": {"value": 5_200_000_000},
        }
    }


def test_one_process_has_no_bounds(make_measurement: Make, make_outcome: Make) -> None:
    [measures] = checked(bencher.render(Report([make_outcome(make_measurement(medians_s=(2.0,)))]))).values()
    assert measures["latency"] == {"value": 2e9}


def test_each_size_is_a_benchmark_and_memory_is_the_cases(make_measurement: Make, make_outcome: Make) -> None:
    document = checked(bencher.render(Report([make_outcome(make_measurement(sizes=("256x256", "512x512")))])))
    assert {name: sorted(measures) for name, measures in document.items()} == {
        "fp32-sd15-256x256-20steps at 256x256": ["latency"],
        "fp32-sd15-256x256-20steps at 512x512": ["latency"],
        "fp32-sd15-256x256-20steps": ["peak-memory"],
    }


def test_from_the_json_report_alone(report: Report) -> None:
    text = bencher.render(report)
    assert bencher.render(report_json.read(report_json.render(report))) == text
    assert len(checked(text)) == 8


def test_the_same_case_twice_is_not_lost(make_measurement: Make, make_outcome: Make) -> None:
    assert len(checked(bencher.render(Report([make_outcome(make_measurement())] * 2)))) == 2


def test_nothing_measured_is_an_empty_object() -> None:
    assert bencher.render(Report([])) == "{}\n"
