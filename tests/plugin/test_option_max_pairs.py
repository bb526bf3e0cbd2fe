"""--sdperf-max-pairs: the most pairs of processes side by side, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(max_pairs={0})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
DECLARED = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        ship = dict(factory="harbour:build", reference=None, needs_model=False)
        return [Variant("ship", **ship, thresholds={"max_pairs": 5})]
"""
CURE = "Write a whole number from 4, the first that are judged, to 200."


@pytest.fixture
def pairs(project, weather):
    """How many pairs a run that cannot decide measures; no picture of ship is stored, and none is gated."""
    weather.pair_jitter = (1.0, 1.3, 1.0, 0.8)

    def pairs(*args):
        weather.pairs.clear()
        result = project.run("--sdperf-against=self", "--sdperf-rounds=3", *args)
        assert sorted(weather.pairs) == [(n + 1, a) for n in range(len(weather.pairs) // 2) for a in ("base", "head")]
        return len(weather.pairs) // 2, result

    return pairs


def test_default(pairs, told):
    count, result = pairs("--sdperf-gate=latency")
    assert count == 24
    told(result, "ship: pair 24 of at most 24, 3 rounds: ", "INCONCLUSIVE")


def test_every_level_over_the_next(project, pairs, told):
    project.conftest(DECLARED)
    assert pairs()[0] == 5
    project.ini(max_pairs=6)
    assert pairs()[0] == 6
    count, result = pairs("--sdperf-max-pairs=7")
    assert count == 7
    told(result, "ship: pair 7 of at most 7, 3 rounds: ")
    project.test(MARKED.format(4))
    assert pairs("--sdperf-max-pairs=7")[0] == 4


def test_what_is_decided_needs_fewer(pairs, weather):
    weather.pair_jitter = (1.0, 1.001, 0.999)
    assert pairs()[0] == 4


@pytest.mark.parametrize("value", ["3", "201"])
def test_bad_values(project, told, value):
    result = project.run(f"--sdperf-max-pairs={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' is not a valid limit on pairs [--sdperf-max-pairs]. {CURE}")
    project.ini(max_pairs=value)
    told(project.run(), f"'{value}' is not a valid limit on pairs [ini key sdperf_max_pairs]. {CURE}")
    project.ini()
    project.test(MARKED.format(value))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"{value} is not a valid limit on pairs [@pytest.mark.sdperf(max_pairs=…)]. {CURE}")


def test_a_limit_that_is_no_number(project, told):
    told(project.run("--sdperf-max-pairs=many"), "'many' is not a quantity [--sdperf-max-pairs]. Write it like 3.")
