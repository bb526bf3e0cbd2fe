"""What pairs say so far, and when another one would be too many."""

import math

import pytest

from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.looks import decided, looks, plan_of, ratios_of_rounds
from pytest_sdperf.stats.sequential import Decision, Plan

DEFAULTS = Thresholds()
SHAPE = (1.0, -1.0, 0.5, -0.5)


@pytest.fixture
def spread(make_pair):
    """Four pairs of 1 s whose log ratios have exactly this mean, and spread by one per cent or so."""

    def spread(slowdown, scale=0.01, count=4, **fields):
        shape = [SHAPE[i % 4] for i in range(count)]
        return [make_pair(math.exp(math.log1p(slowdown) + scale * s), **fields) for s in shape]

    return spread


def test_the_chance_of_a_false_alarm_is_shared_out_over_the_sizes():
    assert plan_of(DEFAULTS, 1) == Plan()
    assert plan_of(Thresholds(0.3, ignore=0.02, must_catch=0.07, alpha=0.03, beta=0.1, max_pairs=9), 3) == Plan(
        ignore=0.02, must_catch=0.07, alpha=0.01, beta=0.1, max_pairs=9
    )


def test_pairs_are_enough_when_every_size_is_decided(make_pair, spread):
    assert not decided([], DEFAULTS)
    assert not decided(spread(0.0, count=3), DEFAULTS)
    assert decided(spread(0.0), DEFAULTS)
    assert decided(spread(-0.2), DEFAULTS)
    assert not decided(spread(0.03), DEFAULTS)
    assert decided(spread(0.03), Thresholds(max_pairs=4))
    half = [make_pair(1.0, more_sizes={"128x128": (1.03 * math.exp(0.01 * s), 1.0)}) for s in SHAPE]
    assert not decided(half, DEFAULTS)


def test_pairs_are_enough_as_soon_as_one_size_has_regressed(make_pair):
    pairs = [make_pair(1.03 * math.exp(0.01 * s), more_sizes={"128x128": (1.5, 1.0)}) for s in SHAPE]
    assert [look.decision for look in looks(pairs, DEFAULTS).values()] == [Decision.GO_ON, Decision.REGRESSED]
    assert decided(pairs, DEFAULTS)


def test_pairs_are_enough_when_too_many_were_disturbed(make_pair):
    disturbed = make_pair(dropped="busy")
    assert not decided([disturbed] * 4, DEFAULTS)
    assert decided([disturbed] * 5, DEFAULTS)


def test_only_pairs_that_count_are_looked_at(make_pair):
    pairs = [make_pair(1.5), make_pair(9.0, dropped="busy"), make_pair(1.5)]
    (look,) = looks(pairs, DEFAULTS).values()
    assert (look.pairs, look.log_ratio) == (2, pytest.approx(math.log(1.5)))
    assert looks([], DEFAULTS) == {}
    assert ratios_of_rounds(pairs, "64x64") == [[pytest.approx(math.log(1.5))] * 3] * 2
