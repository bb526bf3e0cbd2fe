"""Which cases are followed over the commits, and under which names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.series import followed
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def test_every_case_under_its_id(report: Report) -> None:
    named = [case.name for case in followed(report)]
    assert named == [o.measurement.case_id for o in report.outcomes if o.measurement.variant != "ipex_bf16_dpm"]


@pytest.mark.parametrize(
    ("part", "status", "told"),
    [
        ("latency", Status.REGRESSED, True),
        ("latency", Status.INCONCLUSIVE, True),
        ("latency", Status.NO_BASELINE, True),
        ("memory", Status.BROKEN, True),
        ("latency", Status.INVALID_ENVIRONMENT, False),
        ("picture", Status.BROKEN, False),
        ("proof", Status.BROKEN, False),
    ],
)
@pytest.mark.parametrize("gate", [("latency", "picture", "proof", "memory"), ()])
def test_what_broke_is_nobodys_to_reach(
    make_measurement: Make, make_outcome: Make, make_finding: Make, part: str, status: Status, told: bool, gate: Any
) -> None:
    outcome = make_outcome(make_measurement(), make_finding(part, status), gate=gate)
    assert bool(followed(Report([outcome]))) is told


def test_a_case_that_was_only_measured_is_followed(make_measurement: Make) -> None:
    assert len(followed(Report([Outcome("test", make_measurement(), None)]))) == 1


def test_several_sizes_are_named(make_measurement: Make, make_outcome: Make) -> None:
    measurement = make_measurement(sizes=("256x256", "512x512"), medians_s=(1.0, 3.0))
    [case] = followed(Report([make_outcome(measurement)]))
    assert {name: latency.median_s for name, latency in case.latencies.items()} == {
        f"{case.name} at 256x256": 2.0,
        f"{case.name} at 512x512": 4.0,
    }


def test_the_same_case_twice_has_two_names(make_measurement: Make, make_outcome: Make) -> None:
    outcome = make_outcome(make_measurement())
    name = outcome.measurement.case_id
    assert [case.name for case in followed(Report([outcome] * 3))] == [name, f"{name} (2)", f"{name} (3)"]


@pytest.mark.parametrize(
    "case_id",
    ["帆" * 5000, "\x1b[2J\n" * 1000, "\U0001f600" * 5000, "", "\ud800"],
    ids=["wide", "control", "four bytes", "empty", "surrogate"],
)
def test_names_from_outside_are_short_and_harmless(make_measurement: Make, make_outcome: Make, case_id: str) -> None:
    measurement = make_measurement(sizes=("1" * 5000, "帆" * 5000))
    outcome = make_outcome(msgspec.structs.replace(measurement, case_id=case_id))
    for case in followed(Report([outcome] * 2)):
        for name in (case.name, *case.latencies):
            assert 0 < len(name.encode()) <= 1024
            assert name.isprintable()


def test_memory_is_the_cases_own(make_measurement: Make, make_outcome: Make) -> None:
    measurement = make_measurement(peak_rss_bytes=300)
    told = [msgspec.structs.replace(p, library_rss_bytes=100) for p in measurement.processes]
    outcomes = [make_outcome(measurement), make_outcome(msgspec.structs.replace(measurement, processes=told))]
    assert [case.peak_bytes for case in followed(Report(outcomes))] == [300, 200]
