"""--sdperf-variants: run only these; the others skip."""

import pytest


@pytest.fixture
def two(project):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)

        def test_boat(sd_boat):
            sd_boat.measure(num_inference_steps=2)
    """)
    return project


def test_by_default_all_run(two, weather):
    two.run().assert_outcomes(passed=2)
    assert set(weather.processes) == {"ship", "boat"}


def test_the_others_skip_with_the_reason(two, weather, told):
    result = two.run("--sdperf-variants=boat")
    result.assert_outcomes(passed=1, skipped=1)
    told(result, "variant ship is not among --sdperf-variants=boat")
    assert weather.processes == ["boat"] * 3


def test_ini(two):
    two.ini(variants="ship")
    two.run().assert_outcomes(passed=1, skipped=1)


def test_command_line_over_ini(two, weather):
    two.ini(variants="ship")
    two.run("--sdperf-variants=boat, fp32").assert_outcomes(passed=1, skipped=1)
    assert weather.processes.count("boat") == 3


def test_unknown_ones_are_a_usage_error(two, told):
    result = two.run("--sdperf-variants=ship,boot")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "--sdperf-variants: unknown variant 'boot'. Known: fp32, tuned,", "whale. Did you mean 'boat'?")
    two.ini(variants="brig")
    told(two.run(), "unknown variant 'brig'")


def test_nothing_named(two, told):
    told(two.run("--sdperf-variants=,"), "',' names nothing [--sdperf-variants].")
