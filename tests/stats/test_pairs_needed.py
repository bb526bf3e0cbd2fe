import math
import random
import statistics

import pytest

from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.pairs_needed import pairs_needed, spread_bounds
from pytest_sdperf.stats.sequential import Decision, Plan, look

PLAN = Plan()


def simulated(spread, slowdown, plan, wanted, runs=600):
    """Share of simulated comparisons that have ended with one of ``wanted``, by the number of pairs."""
    draw = random.Random(3)
    ended = []
    for _ in range(runs):
        ratios = []
        while True:
            ratios.append(draw.gauss(math.log1p(slowdown), spread))
            decision = look(ratios, plan).decision
            if decision is not Decision.GO_ON:
                break
        ended.append(len(ratios) if decision in wanted else math.inf)
    return lambda pairs: sum(n <= pairs for n in ended) / runs


def test_a_silent_machine_needs_no_more_than_the_fewest():
    needed = pairs_needed(0.0, PLAN)
    assert (needed.to_catch, needed.to_pass) == (FEWEST_PAIRS, FEWEST_PAIRS)


def test_the_noisier_the_more():
    counts = [pairs_needed(spread, PLAN).to_catch for spread in (0.005, 0.01, 0.02, 0.03)]
    assert counts == sorted(counts)
    assert len(set(counts)) == len(counts)


def test_where_the_most_pairs_do_not_suffice():
    needed = pairs_needed(0.30, PLAN)
    assert needed.to_catch is None
    assert needed.to_pass is None
    assert needed.smallest > 0.05


def test_the_smallest_slowdown_agrees_with_the_count():
    """5 % is seen exactly where the smallest slowdown that is seen is no more than 5 %."""
    for spread in (0.01, 0.03, 0.035, 0.04, 0.05):
        needed = pairs_needed(spread, PLAN)
        assert (needed.to_catch is not None) == (needed.smallest <= PLAN.must_catch)


def test_a_spread_beyond_all_sense():
    assert pairs_needed(50.0, PLAN).smallest == math.inf


@pytest.mark.parametrize("spread", [0.012, 0.025])
def test_simulated_comparisons_are_decided_as_often_as_promised(spread):
    needed = pairs_needed(spread, PLAN)
    caught = simulated(spread, PLAN.must_catch, PLAN, {Decision.REGRESSED})
    passed = simulated(spread, 0.0, PLAN, {Decision.PASSED, Decision.FASTER})
    assert caught(needed.to_catch) >= 0.76  # 0.80, less four standard errors
    assert passed(needed.to_pass) >= 0.74  # judged against the stricter of two limits: the middle cuts some off
    assert caught(needed.to_catch // 2) < caught(needed.to_catch)


def test_the_plan_counts():
    strict = Plan(alpha=0.0005)
    assert pairs_needed(0.02, strict).to_catch > pairs_needed(0.02, PLAN).to_catch


def test_bounds_of_a_spread_worked_by_hand():
    # chi-square with 7 degrees of freedom: 10 % at 2.833, 90 % at 12.017
    low, high = spread_bounds(0.01, 8)
    assert low == pytest.approx(0.01 * math.sqrt(7 / 12.017), rel=1e-3)
    assert high == pytest.approx(0.01 * math.sqrt(7 / 2.833), rel=1e-3)


def test_bounds_hold_as_often_as_they_say():
    draw = random.Random(5)
    held = 0
    for _ in range(1000):
        low, high = spread_bounds(statistics.stdev(draw.gauss(0, 1) for _ in range(8)), 8)
        held += low <= 1 <= high
    assert 0.75 <= held / 1000 <= 0.85
