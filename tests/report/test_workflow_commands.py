"""Workflow commands: what GitHub is told of each case, and that no name commands it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_sdperf.report import finding_text
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.workflow_commands import escaped_data, escaped_property, render
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def placed(outcome: Outcome, file: str = "tests/test_it.py", line: int | None = 7) -> Outcome:
    return msgspec.structs.replace(outcome, file=file, line=line)


def understood(line: str) -> tuple[str, dict[str, str], str]:
    """A command as GitHub's runner reads it: (command, properties, message)."""
    assert line.startswith("::")
    head, _, message = line[2:].partition("::")
    command, _, told = head.partition(" ")
    properties = dict(part.split("=", 1) for part in told.split(",")) if told else {}

    def data(text: str) -> str:
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    plain = {k: data(v.replace("%3A", ":").replace("%2C", ",")) for k, v in properties.items()}
    return command, plain, data(message)


def test_the_whole_report(report: Report) -> None:
    def said(number: int) -> str:
        verdict = report.outcomes[number].verdict
        assert verdict is not None
        return finding_text.sentence(verdict.findings[0]).replace("%", "%25")

    lines = render(Report([placed(o, line=n) for n, o in enumerate(report.outcomes, 1)])).splitlines()
    assert lines == [
        "::error file=tests/test_it.py,line=4,title=sdperf%3A ipex_bf16_dpm BROKEN::"
        "ipex_bf16_dpm: proof BROKEN: broken claim kernel_isa(avx512_bf16): lost.",
        "::warning file=tests/test_it.py,line=5,title=sdperf%3A openvino INCONCLUSIVE::"
        f"openvino: latency INCONCLUSIVE: {said(4)}",
        "::error file=tests/test_it.py,line=6,title=sdperf%3A openvino_static REGRESSED::"
        f"openvino_static: latency REGRESSED: {said(5)}.",
        "::error file=tests/test_it.py,line=8,title=sdperf%3A openvino_static_f32 NO BASELINE::"
        f"openvino_static_f32: latency NO BASELINE: {said(7)}.",
    ]


def test_nothing_to_tell(make_outcome: Make, make_measurement: Make, make_finding: Make) -> None:
    passed = make_outcome(make_measurement(), make_finding("latency"))
    only_measured = Outcome("test", make_measurement(), None)
    assert render(Report([passed, only_measured])) == ""
    assert render(Report([])) == ""
    assert render(Report([], ["a 100%\n", "b"], warnings=["a 100%\n"])) == (
        "::warning title=sdperf%3A not judged::a 100%25\\n\n"
    )


def test_what_is_inconclusive_warns_or_fails_as_the_verdict_says(
    make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    finding = make_finding("paired", Status.INCONCLUSIVE, pairs=1)
    unsure = make_outcome(make_measurement(), finding)
    told = f"title=sdperf%3A fp32 INCONCLUSIVE::fp32: latency INCONCLUSIVE: {finding_text.sentence(finding)}"
    told = told.replace(" %", " %25")
    assert render(Report([unsure])) == f"::warning {told}\n"
    failing = msgspec.structs.replace(unsure, verdict=msgspec.structs.replace(unsure.verdict, inconclusive="fail"))
    assert render(Report([failing])) == f"::error {told}.\n"


@pytest.mark.parametrize(
    ("folder", "file", "shown"),
    [
        ("", "tests/test_it.py", "tests/test_it.py"),
        ("service", "tests/test_it.py", "service/tests/test_it.py"),
        ("service/a", "../b/test_it.py", "service/b/test_it.py"),
        ("", "tests\\test_it.py", "tests/test_it.py"),
        ("", "a,b:c%\n.py", "a,b:c%\\n.py"),
        ("", "::x", "\\x3a:x"),
    ],
)
def test_files_are_relative_to_the_repository(
    folder: str, file: str, shown: str, make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    broken = make_outcome(make_measurement(), make_finding("proof", Status.BROKEN))
    [line] = render(Report([placed(broken, file, None)]), folder=folder).splitlines()
    _, properties, _ = understood(line)
    assert (properties["file"], properties["line"]) == (shown, "1")


def test_escapes_are_those_of_the_toolkit() -> None:
    assert escaped_data("50 %\r\n::a,b") == "50 %25%0D%0A::a,b"
    assert escaped_property("50 %\r\n::a,b") == "50 %25%0D%0A%3A%3Aa%2Cb"
    assert escaped_data("%0A") == "%250A"


hostile = st.text(alphabet=":%,\r\n=#[]aerx\u2028\u202e", max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=hostile, file=hostile.filter(bool), said=hostile)
def test_no_name_commands_the_runner(
    name: str, file: str, said: str, make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    outcome = make_outcome(make_measurement(name), make_finding("paired", Status.INVALID_ENVIRONMENT, invalid=said))
    lines = render(Report([placed(outcome, file)])).split("\n")
    assert len(lines) == 2
    assert lines[1] == ""
    assert lines[0].splitlines() == [lines[0]]
    command, properties, _ = understood(lines[0])
    assert command == "error"
    assert set(properties) == {"file", "line", "title"}
    assert properties["title"].startswith("sdperf: ")
    assert "##[" not in lines[0]
