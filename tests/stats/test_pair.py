"""The log ratio of a pair: what disturbs both arms of a round, or one round, does not count."""

from __future__ import annotations

import math

import pytest

from pytest_sdperf.stats.pair import pair_log_ratio, round_log_ratios, trimmed_mean


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
