"""--sdperf-alpha and --sdperf-beta: the chances of a false alarm and of a slowdown that passes, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf({0}={1!r})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
DECLARED = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        ship = dict(factory="harbour:build", reference=None, needs_model=False)
        return [Variant("ship", **ship, thresholds={{{0!r}: {1!r}}})]
"""
CURE = 'Write a share from 0.01% to 50%, like "1%".'


@pytest.fixture
def status(project, weather):
    """The word for latency after four pairs that spread by some per cent around a slowdown."""

    def status(share, *args):
        weather.slower["head"] = 1 + share
        weather.pair_jitter = (1.0, 1.08, 0.92, 1.0)
        result = project.run(
            "--sdperf-against=self", "--sdperf-rounds=3", "--sdperf-max-pairs=4", "--sdperf-gate=latency", *args
        )
        [row] = [line for line in result.stdout.lines if line.startswith("ship ")]
        return row.split()[-1]

    return status


def test_default(status):
    assert status(0.12) == "INCONCLUSIVE"
    assert status(0.0) == "INCONCLUSIVE"
    assert status(0.5) == "REGRESSED"
    assert status(-0.5) == "FASTER"


@pytest.mark.parametrize(("option", "share", "daring"), [("alpha", 0.12, "REGRESSED"), ("beta", 0.0, "PASSED")])
def test_every_level_over_the_next(project, status, option, share, daring):
    project.conftest(DECLARED.format(option, "50%"))
    assert status(share) == daring
    project.ini(**{option: "1%"})
    assert status(share) == "INCONCLUSIVE"
    assert status(share, f"--sdperf-{option}=50%") == daring
    project.test(MARKED.format(option, "1%"))
    assert status(share, f"--sdperf-{option}=50%") == "INCONCLUSIVE"


@pytest.mark.parametrize("option", ["alpha", "beta"])
@pytest.mark.parametrize("value", ["0%", "51%"])
def test_bad_values(project, told, option, value):
    result = project.run(f"--sdperf-{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' is not a valid error rate [--sdperf-{option}]. {CURE}")
    project.ini(**{option: value})
    told(project.run(), f"'{value}' is not a valid error rate [ini key sdperf_{option}]. {CURE}")
    project.ini()
    project.test(MARKED.format(option, value))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"'{value}' is not a valid error rate [@pytest.mark.sdperf({option}=…)]. {CURE}")
