"""The sequential test: its levels, its decisions on both sides of each limit, its error rates over all looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.judge.sequential import (
    Decision,
    Plan,
    level,
    look,
    pair_log_ratio,
    simulated_level,
)
from pytest_sdperf.options import FEWEST_PAIRS

PLAN = Plan()
NORMAL = [-1.0, 1.0, -0.5, 0.5]


def pairs(mean: float, spread: float, count: int = 4) -> list[float]:
    """Log ratios of exactly this mean; their standard deviation is `spread`."""
    shape = np.resize(NORMAL, count)
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    return (mean + spread * shape).tolist()


def test_stored_levels_are_what_a_simulation_finds():
    for rate, stored in ((0.01, level(0.01, 12)), (0.05, level(0.05, 12))):
        found = simulated_level(rate, 12, sequences=40_000)
        # A quantile at 1 % of 40,000 sequences: 400 of them below it, so its share is off by 5 % of itself
        assert found == pytest.approx(stored, rel=0.15 if rate == 0.01 else 0.07)


def test_more_looks_need_a_stricter_level_and_one_look_needs_none():
    assert simulated_level(0.05, FEWEST_PAIRS, sequences=40_000) == pytest.approx(0.05, rel=0.07)
    assert level(0.05, 6) > level(0.05, 12) > level(0.05, 20) > 0


def test_no_decision_before_the_first_look():
    for count in range(FEWEST_PAIRS):
        found = look([0.5] * count, PLAN)
        assert (found.decision, found.pairs) == (Decision.GO_ON, count)
        assert (found.lower, found.upper, found.detectable) == (-math.inf, math.inf, math.inf)


@pytest.mark.parametrize(
    ("slowdown", "decision"),
    [
        (-0.20, Decision.FASTER),
        (-0.005, Decision.PASSED),
        (0.0, Decision.PASSED),
        (0.029, Decision.PASSED),
        (0.031, Decision.REGRESSED),
        (0.10, Decision.REGRESSED),
    ],
)
def test_without_noise_the_middle_of_the_promises_decides(slowdown, decision):
    found = look(pairs(math.log1p(slowdown), 1e-6), PLAN)
    assert found.decision is decision
    assert found.log_ratio == pytest.approx(math.log1p(slowdown))
    assert found.lower < found.log_ratio < found.upper


def test_both_sides_of_the_failing_limit():
    # t(1 - .00222, 3 degrees) = 7.68 standard errors above what is ignored
    error = 0.01 / math.sqrt(4)
    limit = math.log1p(0.01) + 7.68 * error
    assert look(pairs(limit + 0.002, 0.01), PLAN).decision is Decision.REGRESSED
    assert look(pairs(limit - 0.002, 0.01), PLAN).decision is Decision.GO_ON


def test_both_sides_of_the_passing_limit():
    # t(1 - .014, 3 degrees) = 3.95 standard errors below what must be caught
    error = 0.01 / math.sqrt(4)
    limit = math.log1p(0.05) - 3.95 * error
    assert look(pairs(limit - 0.002, 0.01), PLAN).decision is Decision.PASSED
    assert look(pairs(limit + 0.002, 0.01), PLAN).decision is Decision.GO_ON


def test_the_last_pair_ends_it():
    noisy = pairs(0.03, 0.2, 12)
    assert look(noisy[:11], PLAN).decision is Decision.GO_ON
    found = look(noisy, PLAN)
    assert found.decision is Decision.INCONCLUSIVE
    assert found.detectable > found.log_ratio


def test_a_detectable_slowdown_is_detected_as_often_as_said():
    rng = np.random.default_rng(0)
    spread = 0.02
    detectable = look(pairs(0.0, spread, 12), PLAN).detectable
    one_look = Plan(max_pairs=12)
    caught = [
        look(rng.normal(detectable, spread, 12).tolist(), one_look).decision is Decision.REGRESSED for _ in range(400)
    ]
    assert 0.70 < np.mean(caught) < 0.90


@pytest.mark.parametrize(
    ("slowdown", "wrong", "rate"),
    [(0.01, {Decision.REGRESSED}, 0.01), (0.05, {Decision.PASSED, Decision.FASTER}, 0.05)],
)
def test_error_rates_hold_over_all_looks(slowdown, wrong, rate):
    rng = np.random.default_rng(1)
    gates = 1000

    def ended(spread: float) -> Decision:
        drawn = rng.normal(math.log1p(slowdown), spread, PLAN.max_pairs).tolist()
        looks = (look(drawn[:count], PLAN).decision for count in range(FEWEST_PAIRS, PLAN.max_pairs + 1))
        return next(decision for decision in looks if decision is not Decision.GO_ON)

    for spread in (0.01, 0.04):
        share = np.mean([ended(spread) in wrong for _ in range(gates)])
        assert share < rate + 3 * math.sqrt(rate * (1 - rate) / gates)


def test_what_slows_both_arms_of_a_round_cancels():
    base = [1.0, 3.0, 1.1, 5.0, 1.0]
    assert pair_log_ratio(base, [b * 1.05 for b in base]) == pytest.approx(math.log(1.05))


def test_one_round_that_only_one_arm_was_disturbed_in_does_not_count():
    assert pair_log_ratio([1.0] * 10, [1.02] * 9 + [50.0]) == pytest.approx(math.log(1.02))


def test_arms_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        pair_log_ratio([1.0, 1.0], [1.0])


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=12), st.integers(4, 12))
def test_never_both_promises_and_always_an_end(ratios, most):
    found = look(ratios, Plan(max_pairs=most))
    if len(ratios) < FEWEST_PAIRS:
        assert found.decision is Decision.GO_ON
    elif len(ratios) >= most:
        assert found.decision is not Decision.GO_ON
    if found.decision is Decision.REGRESSED:
        assert found.log_ratio > Plan().middle
    if found.decision in {Decision.PASSED, Decision.FASTER}:
        assert found.log_ratio < Plan().middle
