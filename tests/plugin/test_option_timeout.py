"""--sdperf-timeout: the longest wait for one answer of a worker."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(timeout={0})
    def test_ship(sd_ship):
        sd_ship.measure(num_inference_steps=2)
"""


@pytest.fixture
def waits(weather):
    def waits():
        [seconds] = set(weather.timeouts_s)
        weather.timeouts_s.clear()
        return seconds

    return waits


def test_every_level_over_the_next(project, waits):
    project.record()
    assert waits() == 600
    project.ini(timeout="2m")
    project.record()
    assert waits() == 120
    project.record("--sdperf-timeout=30s")
    assert waits() == 30
    project.test(MARKED.format("'1.5h'"))
    project.record("--sdperf-timeout=30s")
    assert waits() == 5400


def test_bad_values(project, told):
    result = project.run("--sdperf-timeout=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'0' leaves a worker no time [--sdperf-timeout]. Write it like \"10m\".")
    project.ini(timeout="5 days")
    told(project.run(), "'5 days' has the unknown unit 'days' [ini key sdperf_timeout]. Write it like \"20ms\"")
    project.ini()
    project.test(MARKED.format("'nan'"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "'nan' is not a quantity [@pytest.mark.sdperf(timeout=…)].")
