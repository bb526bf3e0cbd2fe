"""--sdperf-gate: which parts of a verdict may fail a test."""

import pytest


@pytest.fixture
def slow(project, weather):
    """A project whose case has become twice as slow."""
    project.record()
    weather.step_ns["ship"] = 2_000_000
    return project


def test_by_default_every_part_fails_a_test(slow, weather, monkeypatch, told):
    monkeypatch.setenv("SHIP_FAULT", "black")
    monkeypatch.setenv("SHIP_PAINT", "oil")
    weather.peak_rss_bytes *= 2
    result = slow.run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED", "; picture BROKEN: ", "; proof BROKEN: ", "; memory BROKEN: ")


def test_a_part_left_out_is_judged_and_shown_and_fails_nothing(slow, told):
    result = slow.run("--sdperf-gate=picture,proof,memory")
    result.assert_outcomes(passed=1)
    told(result, "REGRESSED (not gated)")


@pytest.mark.parametrize("part", ["picture", "proof", "memory"])
def test_each_part_alone(project, weather, monkeypatch, told, part):
    project.record()
    monkeypatch.setenv("SHIP_FAULT", "black")
    monkeypatch.setenv("SHIP_PAINT", "oil")
    weather.peak_rss_bytes *= 2
    result = project.run(f"--sdperf-gate={part}")
    result.assert_outcomes(failed=1)
    told(result, f"ship: {part} BROKEN")
    assert all(f"; {other} BROKEN" not in result.stdout.str() for other in ("picture", "proof", "memory"))
    project.run("--sdperf-gate=latency").assert_outcomes(passed=1)


def test_ini(slow):
    slow.ini(gate="picture, proof")
    slow.run().assert_outcomes(passed=1)


def test_command_line_over_ini(slow):
    slow.ini(gate="picture")
    slow.run("--sdperf-gate=latency,picture").assert_outcomes(failed=1)


def test_bad_values(project, told):
    result = project.run("--sdperf-gate=speed")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'speed' is not a choice [--sdperf-gate]. Use one of: latency, picture, proof, memory.")
    told(project.run("--sdperf-gate=,"), "',' names nothing [--sdperf-gate]. Write at least one name")
    project.ini(gate="latency, beauty")
    told(project.run(), "'beauty' is not a choice [ini key sdperf_gate].")
