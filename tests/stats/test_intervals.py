import math

import numpy as np
import pytest

from pytest_sdperf.stats.intervals import FALSE_ALARM, Difference, median_inflation

LIMIT = math.log1p(0.05)


def test_the_interval_by_hand():
    # t(.95, 4) = 2.1318, t(.99, 4) = 3.7469, t(.80, 4) = 0.9410 (tables)
    diff = Difference(0.08, 0.01, 4)
    assert diff.lower == pytest.approx(0.08 - 0.021318, abs=1e-6)
    assert diff.upper == pytest.approx(0.08 + 0.021318, abs=1e-6)
    assert diff.least_significant(LIMIT, 1) == pytest.approx(LIMIT + 0.021318, abs=1e-6)
    assert diff.least_significant(0.0, 1) == pytest.approx(0.037469, abs=1e-6)
    assert diff.detectable(0.0, 1) == pytest.approx(0.037469 + 0.009410, abs=1e-6)


@pytest.mark.parametrize("error", [0.005, 0.1])  # the limit decides, the false alarms decide
def test_both_sides_of_surely(error):
    edge = Difference(0.0, error, 5).least_significant(LIMIT, 1)
    for factor, sure in ((1.001, True), (0.999, False)):
        slower, faster = Difference(edge * factor, error, 5), Difference(-edge * factor, error, 5)
        assert slower.significantly_above(LIMIT, 1) is sure
        assert faster.significantly_below(LIMIT, 1) is sure
        assert not faster.significantly_above(LIMIT, 1)
        assert not slower.significantly_below(LIMIT, 1)


@pytest.mark.parametrize(("hair", "within"), [(-1e-9, True), (1e-9, False)])
def test_both_sides_of_within(hair, within):
    room = Difference(0.0, 0.01, 5).upper
    assert Difference(LIMIT - room + hair, 0.01, 5).within(LIMIT) is within


def test_more_sizes_ask_for_more():
    diff = Difference(0.0, 0.1, 4)
    assert diff.least_significant(LIMIT, 3) > diff.least_significant(LIMIT, 1)


def test_alarms_at_equal_speed_and_at_the_limit():
    """With the true standard error, many degrees: at most 1 % and 5 %."""
    noise = np.random.default_rng(7).normal(0, 1, 4000)
    for error in (0.01, 0.3):
        assert (
            np.mean([Difference(z * error, error, 1000).significantly_above(LIMIT, 1) for z in noise])
            < 1.3 * FALSE_ALARM
        )
        at_limit = [Difference(LIMIT + z * error, error, 1000) for z in noise]
        assert np.mean([d.significantly_above(LIMIT, 1) for d in at_limit]) < 0.055
        assert np.mean([d.within(LIMIT) for d in at_limit]) < 0.055


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8])
def test_the_median_varies_as_the_table_says(count):
    samples = np.random.default_rng(0).standard_normal((200_000, count))
    assert np.median(samples, axis=1).var() * count == pytest.approx(median_inflation(count), rel=0.02)


def test_many_processes_use_the_limit():
    assert median_inflation(2) == 1.0
    assert median_inflation(50) == pytest.approx(math.pi / 2)
