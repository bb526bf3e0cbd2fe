"""The sequential test: its decisions on both sides of each limit, its error rates over all looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.sequential import POWER, Decision, Plan, look

PLAN = Plan()
NORMAL = [-1.0, 1.0, -0.5, 0.5]


def pairs(mean: float, spread: float, count: int = 4) -> list[float]:
    """Log ratios of exactly this mean; their standard deviation is `spread`."""
    shape = np.resize(NORMAL, count)
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    return (mean + spread * shape).tolist()


def test_the_options_promise_what_the_plan_does():
    options = Thresholds()
    assert Plan(options.ignore, options.must_catch, options.alpha, options.beta, options.max_pairs) == PLAN


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
    # t(1 - .00136, 3 degrees) = 9.11 standard errors above what is ignored
    error = 0.01 / math.sqrt(4)
    limit = math.log1p(0.01) + 9.11 * error
    assert look(pairs(limit + 0.002, 0.01), PLAN).decision is Decision.REGRESSED
    assert look(pairs(limit - 0.002, 0.01), PLAN).decision is Decision.GO_ON


def test_both_sides_of_the_passing_limit():
    # t(1 - .00904, 3 degrees) = 4.71 standard errors below what must be caught
    error = 0.01 / math.sqrt(4)
    limit = math.log1p(0.05) - 4.71 * error
    assert look(pairs(limit - 0.002, 0.01), PLAN).decision is Decision.PASSED
    assert look(pairs(limit + 0.002, 0.01), PLAN).decision is Decision.GO_ON


def test_the_last_pair_ends_it():
    noisy = pairs(0.03, 0.2, PLAN.max_pairs)
    assert look(noisy[:-1], PLAN).decision is Decision.GO_ON
    found = look(noisy, PLAN)
    assert found.decision is Decision.INCONCLUSIVE
    assert found.detectable > found.log_ratio


@pytest.mark.parametrize("count", [4, 5, 8, 24])
def test_a_detectable_slowdown_is_detected_as_often_as_said(count):
    rng = np.random.default_rng(0)
    spread = 0.02
    detectable = look(pairs(0.0, spread, count), PLAN).detectable
    caught = [
        look(rng.normal(detectable, spread, count).tolist(), PLAN).decision is Decision.REGRESSED for _ in range(2000)
    ]
    assert np.mean(caught) == pytest.approx(POWER, abs=0.03)


def normal(rng, count):
    return rng.normal(0, 1, count)


def heavy_tailed(rng, count):
    """Difference of two processes, each of Student's t with 3 degrees of freedom, at standard deviation 1."""
    return (rng.standard_t(3, (2, count)) / math.sqrt(3)).sum(axis=0) / math.sqrt(2)


def unequal(rng, count):
    """Rounds change from pair to pair, and the spread with them: 1 and 3 by turns."""
    return rng.normal(0, np.resize([1, 3], count) / math.sqrt(5))


@pytest.mark.parametrize("noise", [normal, heavy_tailed, unequal])
@pytest.mark.parametrize(
    ("slowdown", "wrong", "rate"),
    [
        (0.0, {Decision.FASTER}, 0.01),
        (0.01, {Decision.REGRESSED}, 0.01),
        (0.05, {Decision.PASSED, Decision.FASTER}, 0.05),
    ],
)
def test_error_rates_hold_over_all_looks(noise, slowdown, wrong, rate):
    rng = np.random.default_rng(1)
    gates = 800

    def ended(spread: float) -> Decision:
        drawn = (math.log1p(slowdown) + spread * noise(rng, PLAN.max_pairs)).tolist()
        looks = (look(drawn[:count], PLAN).decision for count in range(FEWEST_PAIRS, PLAN.max_pairs + 1))
        return next(decision for decision in looks if decision is not Decision.GO_ON)

    for spread in (0.01, 0.04):
        share = np.mean([ended(spread) in wrong for _ in range(gates)])
        assert share < rate + 3 * math.sqrt(rate * (1 - rate) / gates)


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=24), st.integers(4, 24))
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
