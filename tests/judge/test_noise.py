import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_sdperf.judge.noise import FALSE_ALARM, difference, median_inflation

LIMIT = math.log1p(0.05)


def regressed_share(sd, base_processes, head_processes, true_log_ratio=0.0, runs=4000):
    random = np.random.default_rng(7)
    base = np.exp(random.normal(0, sd, (runs, base_processes)))
    head = np.exp(random.normal(true_log_ratio, sd, (runs, head_processes)))
    return np.mean([difference(b, h).surely_above(LIMIT, 1) for b, h in zip(base, head, strict=True)])


@pytest.mark.parametrize("sd", [0.03, 0.09])
@pytest.mark.parametrize("processes", [(3, 3), (5, 3)])
def test_false_alarms_at_equal_speed_stay_under_1_percent(sd, processes):
    assert regressed_share(sd, *processes) < FALSE_ALARM


def test_false_alarms_stay_rare_where_the_spread_dwarfs_the_limit():
    # The interval alone would alarm in 3 % of these.
    assert regressed_share(0.3, 3, 3) < FALSE_ALARM


def test_at_the_limit_itself_alarms_stay_under_5_percent():
    assert regressed_share(0.03, 3, 3, true_log_ratio=LIMIT) < 0.05


def test_a_slowdown_of_the_detectable_size_is_mostly_found():
    spread = difference([1.0, 1.03, 0.97], [1.0, 1.03, 0.97])
    found = regressed_share(0.03, 3, 3, true_log_ratio=spread.detectable(LIMIT, 1))
    assert 0.65 < found < 0.95


def test_pooled_spread_by_hand():
    # logs: base 0, .02, .04 ; head .10, .10, .10. Squares: .0008 + 0, 4 degrees: variance .0002
    base, head = np.exp([0.0, 0.02, 0.04]), np.exp([0.1, 0.1, 0.1])
    diff = difference(base, head)
    assert diff.log_ratio == pytest.approx(0.08)
    assert diff.degrees == 4
    assert diff.standard_error == pytest.approx(math.sqrt(0.0002 * 2 * 1.346 / 3))
    # t(.95, 4) = 2.1318 (tables)
    assert diff.lower == pytest.approx(0.08 - 2.1318 * diff.standard_error, rel=1e-4)
    assert diff.upper == pytest.approx(0.08 + 2.1318 * diff.standard_error, rel=1e-4)


def test_more_sizes_ask_for_more():
    diff = difference([1.0, 1.3, 0.8], [1.0, 1.3, 0.8])
    assert diff.least_sure(LIMIT, 3) > diff.least_sure(LIMIT, 1)


def test_both_sides_of_surely():
    diff = difference([1.0, 1.01, 1.02], [1.0, 1.01, 1.02])
    edge = diff.least_sure(LIMIT, 1)
    for factor, above in ((1.001, True), (0.999, False)):
        slower = difference([1.0, 1.01, 1.02], [m * math.exp(edge * factor) for m in (1.0, 1.01, 1.02)])
        assert slower.surely_above(LIMIT, 1) is above
        faster = difference([m * math.exp(edge * factor) for m in (1.0, 1.01, 1.02)], [1.0, 1.01, 1.02])
        assert faster.surely_below(LIMIT, 1) is above
        assert not faster.surely_above(LIMIT, 1)


def test_one_process_borrows_the_other_sides_spread():
    diff = difference([1.0, 1.01, 1.02], [1.5])
    assert (diff.degrees, diff.processes) == (2, (3, 1))
    assert diff.surely_above(LIMIT, 1)


def test_one_process_on_each_side_is_sure_of_nothing():
    diff = difference([1.0], [9.0])
    assert diff.standard_error is None
    assert not diff.surely_above(LIMIT, 1)
    assert not difference([9.0], [1.0]).surely_below(LIMIT, 1)
    assert (diff.lower, diff.upper, diff.detectable(LIMIT, 1)) == (-math.inf, math.inf, math.inf)


def test_no_spread_at_all_is_sure():
    assert difference([1.0, 1.0], [1.06, 1.06]).surely_above(LIMIT, 1)
    assert not difference([1.0, 1.0], [1.04, 1.04]).surely_above(LIMIT, 1)


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8])
def test_the_median_varies_as_the_table_says(count):
    samples = np.random.default_rng(0).standard_normal((200_000, count))
    assert np.median(samples, axis=1).var() * count == pytest.approx(median_inflation(count), rel=0.02)


def test_many_processes_use_the_limit():
    assert median_inflation(2) == 1.0
    assert median_inflation(50) == pytest.approx(math.pi / 2)


medians = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(medians, medians, st.floats(1e-3, 1e3))
def test_the_unit_of_time_does_not_matter(base, head, scale):
    one, other = difference(base, head), difference([b * scale for b in base], [h * scale for h in head])
    assert other.log_ratio == pytest.approx(one.log_ratio, abs=1e-9)
    assert (one.standard_error is None) == (other.standard_error is None)


@settings(max_examples=50, deadline=None)
@given(medians, medians)
def test_swapping_the_sides_mirrors_the_verdict(base, head):
    one, other = difference(base, head), difference(head, base)
    assert other.log_ratio == pytest.approx(-one.log_ratio)
    assert one.surely_above(LIMIT, 1) == other.surely_below(LIMIT, 1)
    assert one.lower <= one.log_ratio <= one.upper
