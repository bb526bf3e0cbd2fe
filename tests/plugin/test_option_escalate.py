"""--sdperf-escalate: its levels, and values that are refused. What it does is in test_recorded_program.py."""

import pytest

from pytest_sdperf.measure import session


@pytest.fixture
def asked(project, monkeypatch):
    """What the session asks to be measured side by side with what was recorded."""
    found = []

    class Escalation:
        notes = ()

        def __init__(self, engine, invocation):
            pass

        def compare(self, measured, options, recorded, now, *, path):
            found.append(path.stem)
            return "it was asked"

    monkeypatch.setattr(session, "Escalation", Escalation)
    project.record()
    return found


def test_default_and_levels(project, asked, told):
    result = project.run()
    told(result, "it was asked")
    assert asked == ["ship-own-64x64-2steps"]
    project.ini(escalate="off")
    project.run()
    assert len(asked) == 1
    project.run("--sdperf-escalate=auto")
    assert len(asked) == 2


def test_a_value_that_is_none(project, told):
    result = project.run("--sdperf-escalate=always")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "always")


@pytest.mark.parametrize("args", [("--sdperf-gate=picture,proof",), ("--sdperf-update=all",)])
def test_not_where_latency_is_not_judged(project, asked, args):
    project.run(*args)
    assert asked == []


def test_not_where_the_recorded_runs_decide(project, asked):
    project.run("--sdperf-max-slowdown=90%", "--sdperf-must-catch=90%")
    assert asked == []
