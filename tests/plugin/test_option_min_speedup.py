"""min_speedup, which only the marker has: this case against another variant of the same session."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(min_speedup={0})
    def test_boat(sd_boat):
        sd_boat.check(num_inference_steps=2)
"""


@pytest.fixture
def race(project, weather):
    """Ship takes twice as long as boat."""
    weather.step_ns["ship"] = 2_000_000

    def race(promise):
        project.test(MARKED.format(promise))
        return project.run("--sdperf-update=new")

    return race


def test_both_sides_of_the_factor(race, told):
    race("('ship', 1.9)").assert_outcomes(passed=1)
    result = race("('ship', '2.1x')")
    result.assert_outcomes(failed=1)
    told(result, "boat: latency REGRESSED: 2.00x faster than ship (limit 2.1x)")


def test_a_slower_baseline_does_not_excuse_it(race, project, weather):
    race("('ship', 1.9)").assert_outcomes(passed=1)
    weather.step_ns["ship"] = 1_000_000
    project.run().assert_outcomes(failed=1)


def test_the_other_is_measured_once_a_session(project, weather):
    project.test(MARKED.format("('ship', 0.5)") + MARKED.format("('ship', 0.1)").replace("test_boat", "test_again"))
    project.run("--sdperf-update=new").assert_outcomes(passed=2)
    assert weather.processes.count("ship") == 1 + 3  # drawn as the reference, then measured


def test_the_other_cannot_run_here(race, weather, told):
    result = race("('whale', 2)")
    result.assert_outcomes(skipped=1)
    told(result, "needs package:no-such-whale>=2: this environment has no no-such-whale.")
    assert weather.processes == []


def test_unknown_variant(race, weather, told):
    result = race("('boot', 2)")
    result.assert_outcomes(errors=1)
    told(result, "unknown variant 'boot'. Known: ", "Did you mean 'boat'?")
    assert weather.processes == []


@pytest.mark.parametrize("promise", ["'ship'", "('ship',)", "(2, 'ship')", "2"])
def test_not_a_pair(race, told, promise):
    result = race(promise)
    result.assert_outcomes(errors=1)
    told(result, 'is not a (variant, factor) pair [@pytest.mark.sdperf(min_speedup=…)]. Write it like ("fp32",')


def test_bad_factor(race, told):
    told(race("('ship', 0)"), "0 is out of range [@pytest.mark.sdperf(min_speedup=…)]. A factor is above 0.")
    told(race("('ship', 'twice')"), "'twice' is not a quantity [@pytest.mark.sdperf(min_speedup=…)].")


def test_not_on_the_command_line(project):
    assert project.run("--sdperf-min-speedup=ship").ret == pytest.ExitCode.USAGE_ERROR
