"""--sdperf-max-slowdown: the latency promise, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(max_slowdown={0})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""


@pytest.fixture
def slower(project, weather):
    """On a machine with a past, be slower by a share."""
    project.record_with_a_past()

    def slower(share):
        weather.step_ns["ship"] = round(1_000_000 * (1 + share))
        return project

    return slower


def test_both_sides_of_the_default(slower, told):
    result = slower(0.02).run()
    result.assert_outcomes(passed=1)
    told(result, "PASSED")
    result = slower(0.08).run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 5.4 ms is 8.0 % slower than the baseline's 5 ms (limit 5 %; with 95 % confidence at ",
        "with 10 recorded runs of 5 processes, slowdowns above ",
        "stage: unet",
        "accept    pytest --sdperf --sdperf-update=all test_it.py::test_ship",
    )


def test_slower_but_not_surely_so_is_no_failure(slower, weather, told):
    result = slower(0.06).run()
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE")
    weather.jitter = (0.9, 1.0, 1.1)
    result = slower(0.08).run()
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE")


@pytest.mark.parametrize("jitter", [(1.0, 1.01, 0.99), (1.05, 1.0, 0.95)])
def test_a_gross_limit_is_passed_right_after_the_first_recording(project, weather, told, jitter):
    """As in the project's main job: one job is stored, and 50 % are allowed."""
    weather.jitter = jitter
    project.record()
    weather.step_ns["ship"] = 1_040_000
    result = project.run("--sdperf-max-slowdown=50%")
    result.assert_outcomes(passed=1)
    told(result, "PASSED")
    weather.step_ns["ship"] = 2_000_000
    result = project.run("--sdperf-max-slowdown=50%")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        "with 1 recorded run of 5 processes, slowdowns above ",
        " are detected (foreseen from how much processes differ: no second run shows yet how much runs do)",
    )


def test_a_slowdown_on_a_busy_machine_is_no_verdict(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 4_000_000
    weather.seen_alone = [{"foreign": 0.8}] * 3
    result = project.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        "INCONCLUSIVE ship: latency: ",
        "3 of 6 processes were disturbed, the last because other processes took 80.0 % of the CPUs' time (limit 10 %)",
    )


def test_faster_is_said(slower, told):
    result = slower(-0.5).run()
    result.assert_outcomes(passed=1)
    told(result, "FASTER")


def test_every_level_over_the_next(slower):
    project = slower(0.15)
    project.ini(max_slowdown="20%")
    project.run().assert_outcomes(passed=1)
    project.run("--sdperf-max-slowdown=10%").assert_outcomes(failed=1)
    project.test(MARKED.format("0.2"))
    project.run("--sdperf-max-slowdown=10%").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("value", "what"),
    [("5 percent", "has the unknown unit 'percent'"), ("-1", "is out of range"), ("nan", "is not a quantity")],
)
def test_bad_values(project, told, value, what):
    result = project.run(f"--sdperf-max-slowdown={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' {what} [--sdperf-max-slowdown]. Write it like \"5%\" or 0.05")
    project.ini(max_slowdown=value)
    told(project.run(), f"'{value}' {what} [ini key sdperf_max_slowdown]. Write it like \"5%\" or 0.05")
    project.ini()
    project.test(MARKED.format(repr(value)) + "\n    def test_other(): pass\n")
    result = project.run()
    result.assert_outcomes(errors=1, passed=1)
    told(result, f"'{value}' {what} [@pytest.mark.sdperf(max_slowdown=…)]. Write it like \"5%\" or 0.05")
