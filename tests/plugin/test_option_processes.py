"""--sdperf-processes and --sdperf-rounds: how much is sampled; by default as many processes as the verdict needs."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf({0}=4)
    def test_ship(sd_ship):
        sd_ship.measure(num_inference_steps=2)
"""


@pytest.fixture(params=["processes", "rounds"])
def option(request):
    return request.param


@pytest.fixture
def sampled(weather):
    """(processes, rounds in each) of the last run."""

    def sampled(option):
        counts = {"processes": len(weather.processes), "rounds": max(weather.rounds)}
        weather.processes.clear()
        weather.rounds.clear()
        return counts[option]

    return sampled


def test_default(project, option, sampled):
    project.record()
    assert sampled(option) == {"processes": 5, "rounds": 5}[option]


def test_by_default_as_many_as_the_verdict_needs(project, weather, told):
    project.record_with_a_past()
    weather.processes.clear()
    measured = ["--sdperf-identical=measure"]
    told(project.run(*measured), "PASSED")
    assert len(weather.processes) == 2
    weather.processes.clear()
    weather.step_ns["ship"] = 1_020_000
    project.run(*measured)
    assert len(weather.processes) == 6, "each may still decide"
    weather.processes.clear()
    weather.step_ns["ship"] = 2_000_000
    told(project.run(*measured), "REGRESSED")
    assert len(weather.processes) == 2


def test_a_number_is_a_fixed_number(project, weather):
    project.record_with_a_past()
    weather.processes.clear()
    project.run("--sdperf-identical=measure", "--sdperf-processes=4")
    assert len(weather.processes) == 4


def test_every_level_over_the_next(project, option, sampled):
    project.ini(**{option: 2})
    project.record()
    assert sampled(option) == 2
    project.record(f"--sdperf-{option}=6")
    assert sampled(option) == 6
    project.test(MARKED.format(option))
    project.record(f"--sdperf-{option}=6")
    assert sampled(option) == 4


def test_one_process_and_one_round_are_enough_to_record(project, told):
    told(project.record("--sdperf-processes=1", "--sdperf-rounds=1"), "RECORDED")
    told(project.run("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-max-slowdown=50%"), "PASSED")


@pytest.mark.parametrize("value", ["0", "2.5", "many", "-1"])
def test_bad_values_on_the_command_line(project, option, told, value):
    result = project.run(f"--sdperf-{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' is", f"[--sdperf-{option}]. Write")


def test_bad_values_on_the_other_levels(project, option, told, weather):
    project.ini(**{option: 0})
    told(project.run(), f"'0' is not a count [ini key sdperf_{option}]. Write a whole number of at least 1.")
    project.ini()
    project.test(MARKED.format(option).replace("4", "True"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"True is not a quantity [@pytest.mark.sdperf({option}=…)]. Write it like 3.")
    assert weather.processes == []
