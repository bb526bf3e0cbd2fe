"""What rounds say of a pair, and how many pay."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.stats.rounds import (
    FEWEST_ROUNDS,
    MOST_ROUNDS,
    PRIOR,
    components,
    pair_log_ratio,
    round_log_ratios,
    rounds_per_pair,
    trimmed_mean,
    variances,
)


def test_rounds_by_hand():
    assert round_log_ratios([1.0, 2.0], [math.e, 1.0]) == pytest.approx([1.0, -math.log(2)])


def test_a_fifth_at_each_end_is_left_out():
    assert trimmed_mean([9.0, 1.0, 2.0, 3.0, -9.0]) == pytest.approx(2.0)
    # A fifth of four is less than one round
    assert trimmed_mean([9.0, 1.0, 2.0, 4.0]) == pytest.approx(4.0)


def test_what_slows_both_arms_of_a_round_cancels():
    base = [1.0, 3.0, 1.1, 5.0, 1.0]
    assert pair_log_ratio(base, [b * 1.05 for b in base]) == pytest.approx(math.log(1.05))


def test_one_round_that_only_one_arm_was_disturbed_in_does_not_count():
    assert pair_log_ratio([1.0] * 10, [1.02] * 9 + [50.0]) == pytest.approx(math.log(1.02))


def test_arms_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        pair_log_ratio([1.0, 1.0], [1.0])


def test_before_anything_is_measured_the_prior_decides():
    assert variances([]) == PRIOR
    # sqrt(8 / 0.6 x 0.06^2 / 0.018^2) = sqrt(13.33 x 11.11) = 12.2
    assert rounds_per_pair([], start_s=8, round_s=0.6) == 12
    # Four times the start, twice the rounds
    assert rounds_per_pair([], start_s=32, round_s=0.6) == 24


def test_components_of_variance_by_hand():
    # Pairs of four rounds, of which none is trimmed. Means 0.01, 0.03, 0.05: variance 0.0004. Each pair's rounds are
    # its mean +- 0.02: variance 4 x 0.0004 / 3. Between pairs: 0.0004 - 0.000533 / 4 = 0.000267
    measured = [[m - 0.02, m + 0.02, m - 0.02, m + 0.02] for m in (0.01, 0.03, 0.05)]
    alone = components(measured)
    assert (alone.round, alone.pair) == pytest.approx((0.0016 / 3, 0.0004 - 0.0016 / 12))
    found = variances(measured)
    # The prior counts as twenty pairs: against three of the rounds, and two degrees between the pairs
    assert found.round == pytest.approx((20 * 0.06**2 + 3 * 0.0016 / 3) / 23)
    assert found.pair == pytest.approx((20 * 0.018**2 + 2 * (0.0004 - 0.0016 / 12)) / 22)


def test_a_single_pair_leaves_the_prior():
    assert variances([[0.0, 0.02, 0.0, 0.02]]) == PRIOR


def test_rounds_that_are_trimmed_do_not_call_for_more_rounds():
    calm = [[0.01, 0.02, 0.03, 0.04, 0.05], [0.02, 0.03, 0.04, 0.05, 0.06]]
    spiked = [[0.01, 0.02, 0.03, 0.04, 5.0], [0.02, 0.03, 0.04, 0.05, 6.0]]
    assert components(spiked) == components(calm)


def test_pairs_that_agree_better_than_their_rounds_explain_have_no_variance_below_zero():
    measured = [[-0.1, 0.1, -0.1, 0.1]] * 9
    assert components(measured).pair == 0
    assert variances(measured).pair == pytest.approx(20 * 0.018**2 / 28)
    # Rounds: (20 x 0.06^2 + 9 x 0.04 / 3) / 29 = 0.00662; sqrt(13.33 x 0.00662 / 0.000231) = 19.5
    assert rounds_per_pair(measured, start_s=8, round_s=0.6) == 20


def test_pairs_that_differ_more_than_their_rounds_get_fewer_rounds():
    measured = [[m, m, m, m] for m in (-0.06, 0.06) * 3]
    # Rounds: 20 x 0.06^2 / 26; pairs: (20 x 0.018^2 + 6 x 0.06^2) / 25; sqrt(13.33 x 0.00277 / 0.00112) = 5.7
    assert rounds_per_pair(measured, start_s=8, round_s=0.6) == 6


def test_the_winsorised_variance_is_that_of_trimmed_means():
    rng = np.random.default_rng(0)
    rounds = 0.05 * rng.standard_t(3, (3000, 10))
    true = np.var([trimmed_mean(r) for r in rounds])
    told = components(rounds.tolist()).round / 10
    assert told == pytest.approx(true, rel=0.15)


def test_what_is_measured_leads_in_the_end():
    rng = np.random.default_rng(0)
    measured = [(rng.normal(0, 0.01) + rng.normal(0, 0.05, 10)).tolist() for _ in range(200)]
    # sqrt(8 / 0.6 x 0.05^2 / 0.01^2) = 18.3
    assert rounds_per_pair(measured, start_s=8, round_s=0.6) == pytest.approx(18, abs=4)


def test_the_pairs_that_a_verdict_needs_fit_into_the_time_left():
    # Four pairs in 60 s: 15 s each, 8 of them for the start, 7 / 0.6 = 11.67 rounds
    assert rounds_per_pair([], start_s=8, round_s=0.6, left_s=60) == 11
    # With one pair done, three in 60 s: 12 / 0.6 = 20 rounds would fit, 12 are best
    one = [[-0.0294, 0.0294] * 6]
    assert rounds_per_pair(one, start_s=8, round_s=0.6, left_s=60) == rounds_per_pair(one, start_s=8, round_s=0.6)
    # With four done, the next one may take all that is left
    four = [[0.0] * 4] * 4
    assert rounds_per_pair(four, start_s=8, round_s=1, left_s=13) == 5


def test_bounds():
    assert rounds_per_pair([], start_s=8, round_s=0.6, left_s=0) == FEWEST_ROUNDS == 3
    assert rounds_per_pair([], start_s=0.0, round_s=0.6) == FEWEST_ROUNDS
    assert rounds_per_pair([], start_s=1000, round_s=0.1) == MOST_ROUNDS == 40
    assert rounds_per_pair([], start_s=8, round_s=0.6, fewest=13) == 13
    assert rounds_per_pair([], start_s=8, round_s=0.6, most=11) == 11


@given(
    st.lists(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=20), max_size=8),
    st.floats(0, 1000),
    st.floats(0.001, 1000),
    st.floats(-100, 10_000),
)
def test_always_within_bounds_and_more_time_never_means_fewer(measured, start_s, round_s, left_s):
    found = rounds_per_pair(measured, start_s=start_s, round_s=round_s, left_s=left_s)
    assert FEWEST_ROUNDS <= found <= rounds_per_pair(measured, start_s=start_s, round_s=round_s) <= MOST_ROUNDS


def test_a_free_start_and_an_endless_budget_are_no_error():
    assert rounds_per_pair([], start_s=0, round_s=1e-9, left_s=math.inf) == FEWEST_ROUNDS
