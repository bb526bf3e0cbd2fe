"""The levels of the looks: by integration, by simulation and as Jennison and Turnbull would have them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from pytest_sdperf.stats.boundary import FEWEST_PAIRS, computed_level, crossing, level
from pytest_sdperf.stats.sequential import Plan

RATES = (Plan().alpha, Plan().beta)


@pytest.mark.parametrize("rate", RATES)
def test_levels_of_the_defaults_are_what_integration_finds_and_hold_the_error_rate(rate):
    stored = level(rate, Plan().max_pairs)
    assert stored != computed_level(rate, Plan().max_pairs), "the defaults are stored, to three digits"
    assert stored == pytest.approx(computed_level(rate, Plan().max_pairs, fineness=2), rel=0.005)
    for factor in (0.97, 1.03):  # and a level off by 3 % would be noticed
        found = crossing(factor * stored, Plan().max_pairs, fineness=2)
        assert math.copysign(1, found / rate - 1) == math.copysign(1, factor - 1)


@pytest.mark.parametrize("rate", RATES)
def test_a_simulation_crosses_as_often(rate):
    sequences, most = 100_000, Plan().max_pairs
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((sequences, most))
    crossed = np.zeros(sequences, bool)
    for pairs in range(FEWEST_PAIRS, most + 1):
        seen = drawn[:, :pairs]
        statistic = seen.mean(axis=1) / (seen.std(axis=1, ddof=1) / math.sqrt(pairs))
        crossed |= statistic > t.isf(level(rate, most), pairs - 1)
    assert crossed.mean() == pytest.approx(rate, abs=3.5 * math.sqrt(rate * (1 - rate) / sequences))


def test_twelve_pairs_need_what_was_worked_out_by_hand():
    # Ten million simulated sequences (benchmarks/results/boundaries.md)
    assert computed_level(0.01, 12) == pytest.approx(0.0022, rel=0.01)
    assert computed_level(0.05, 12) == pytest.approx(0.0141, rel=0.01)


def test_one_look_needs_no_correction():
    assert level(0.05, FEWEST_PAIRS) == 0.05
    assert crossing(0.05, FEWEST_PAIRS) == pytest.approx(0.05)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.001, 0.5), st.integers(FEWEST_PAIRS + 1, 12))
def test_a_level_is_between_bonferronis_and_that_of_one_look(rate, most):
    found = computed_level(rate, most)
    assert rate / (most - FEWEST_PAIRS + 1) < found < rate
    assert crossing(found, most) == pytest.approx(rate, rel=1e-3)
    assert found < computed_level(rate, most - 1)
