"""--sdperf-budget: the longest time for the pairs of one case, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(budget={0!r})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
CURE = 'Write it like "10m".'


@pytest.fixture
def pairs(project, weather):
    """How many pairs a run measures; in 1 ms there is time for the first only."""

    def pairs(*args):
        weather.pairs.clear()
        result = project.run("--sdperf-against=self", "--sdperf-rounds=3", *args)
        return len(weather.pairs) // 2, result

    return pairs


def test_the_default_is_enough(pairs):
    count, result = pairs()
    result.assert_outcomes(passed=1)
    assert count == 4


def test_what_the_budget_leaves_undecided_is_inconclusive(pairs, told):
    count, result = pairs("--sdperf-budget=1ms", "--sdperf-inconclusive=fail")
    assert count == 1
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: pair 1 of at most 24, 3 rounds: +0.0 % so far",
        "ship: latency INCONCLUSIVE: 5 ms is +0.0 % from the same tree's 5 ms side by side, "
        "but the budget ended after 1 pair, and a verdict takes 4",
    )


def test_the_only_pair_was_disturbed(pairs, weather, told):
    weather.seen = [{"foreign": 0.5}]
    count, result = pairs("--sdperf-budget=1ms")
    assert count == 1
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: pair 1 of at most 25, 3 rounds: does not count, other processes took 50.0 % of the CPUs' time (limit 10 %)",
        "ship: latency INVALID ENVIRONMENT: the budget ended before a pair was measured undisturbed: other processes took",
    )


def test_rounds_fill_the_budget_where_nobody_says_how_many(project, weather):
    project.run("--sdperf-against=self", "--sdperf-budget=1ms").assert_outcomes(passed=1)
    timed = weather.rounds[1:]
    assert timed == [1] * 6, "the fewest rounds of a pair, a picture each time"


def test_every_level_over_the_next(project, pairs):
    project.ini(budget="1ms")
    assert pairs()[0] == 1
    assert pairs("--sdperf-budget=10m")[0] == 4
    project.test(MARKED.format("1ms"))
    assert pairs("--sdperf-budget=10m")[0] == 1


def test_bad_values(project, told):
    result = project.run("--sdperf-budget=0s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'0s' leaves the pairs no time [--sdperf-budget]. {CURE}")
    project.ini(budget="5 days")
    told(project.run(), "'5 days' has the unknown unit 'days' [ini key sdperf_budget]. Write it like \"20ms\"")
    project.ini()
    project.test(MARKED.format("0"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"'0' leaves the pairs no time [@pytest.mark.sdperf(budget=…)]. {CURE}")
