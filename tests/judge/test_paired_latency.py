"""The verdict of base and head side by side: every status."""

import math

import msgspec
import pytest

from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.judge.paired_latency import judge_control, judge_paired_latency
from pytest_sdperf.measurement import Disturbance, Environment
from pytest_sdperf.options import Thresholds
from pytest_sdperf.verdict.latency_findings import worst_size
from pytest_sdperf.verdict.status import Status

HOST = Environment(machine_key="zen5")
DEFAULTS = Thresholds()
SHAPE = (1.0, -1.0, 0.5, -0.5)
"""Mean 0; times 0.01 the standard deviation of four pairs is 0.01 x sqrt(2.5 / 3) = 0.0091287, their error 0.0045644."""

T_ALPHA, T_BETA = 9.1954, 4.7135
"""t(1 - .00136, 3 degrees), t(1 - .00904, 3 degrees): the levels of every look with the default promises."""
ERROR = 0.0045644
SEEN = 11.551
"""Errors above what is ignored at which T_ALPHA is passed four times in five: noncentral t, 3 degrees."""


def compared(pairs, **fields):
    return Comparison(Side("main (1a2b3c4d5e)", HOST), Side("working tree", HOST), list(pairs), **fields)


@pytest.fixture
def spread(make_pair):
    """Four pairs of 1 s whose log ratios have exactly this mean, and spread by one per cent or so."""

    def spread(slowdown, scale=0.01, count=4, **fields):
        shape = [SHAPE[i % 4] for i in range(count)]
        return [make_pair(math.exp(math.log1p(slowdown) + scale * s), **fields) for s in shape]

    return spread


@pytest.fixture
def judged(measured):
    def judged(pairs, thresholds=DEFAULTS, **fields):
        return judge_paired_latency(compared(pairs, **fields), measured([7.0] * 3), thresholds)

    return judged


def test_every_field_of_a_comparison(judged, spread):
    finding = judged(spread(0.1), spent_s=123.0)
    assert (finding.part, finding.status) == ("latency", Status.REGRESSED)
    assert (finding.base, finding.head) == ("main (1a2b3c4d5e)", "working tree")
    [size] = finding.sizes
    assert (size.median_s, size.base_s, size.ratio) == (
        pytest.approx(1.1, abs=1e-4),
        1.0,
        pytest.approx(1.1),
    )
    # The bounds by hand: log(1.1) less and more T_BETA standard errors
    bounds = [1.1 * math.exp(sign * T_BETA * ERROR) for sign in (-1, 1)]
    assert [size.lower, size.upper] == pytest.approx(bounds, abs=1e-4)
    assert size.detectable == pytest.approx(1.01 * math.exp(SEEN * ERROR) - 1, abs=1e-4)
    assert (finding.ignore, finding.must_catch, finding.confidence) == (0.01, 0.05, 0.95)
    assert (finding.pairs, finding.dropped, finding.fewest_pairs, finding.spent_s) == (4, [], 4, 123.0)


@pytest.mark.parametrize(
    ("edge", "above", "below"),
    [
        (math.log1p(0.01) + T_ALPHA * ERROR, Status.REGRESSED, Status.INCONCLUSIVE),
        (math.log1p(0.05) - T_BETA * ERROR, Status.INCONCLUSIVE, Status.PASSED),
        (-math.log1p(0.01) - T_ALPHA * ERROR, Status.PASSED, Status.FASTER),
    ],
)
def test_both_sides_of_every_limit(judged, spread, edge, above, below):
    for hair, status in ((1e-4, above), (-1e-4, below)):
        assert judged(spread(math.expm1(edge + hair)), ended_by="budget").status is status


def test_the_most_pairs_without_a_decision_are_inconclusive(judged, spread):
    finding = judged(spread(0.03, 0.05, count=8), Thresholds(max_pairs=8))
    assert (finding.status, finding.out_of_budget) == (Status.INCONCLUSIVE, False)
    assert finding.sizes[0].detectable == pytest.approx(0.0864, abs=1e-4)


def test_a_budget_that_ends_changes_no_decision(judged, spread):
    undecided = judged(spread(0.03), ended_by="budget")
    assert (undecided.status, undecided.out_of_budget) == (Status.INCONCLUSIVE, True)
    assert judged(spread(0.1), ended_by="budget").status is Status.REGRESSED


def test_too_few_pairs_say_little(judged, make_pair):
    finding = judged([make_pair(1.2)], ended_by="budget")
    [size] = finding.sizes
    assert (finding.status, finding.pairs) == (Status.INCONCLUSIVE, 1)
    assert [size.lower, size.upper, size.detectable] == [None] * 3


def test_a_hopeless_spread_stays_json(judged, make_pair):
    finding = judged([make_pair(head_s) for head_s in (1e-9, 1e6) * 2], Thresholds(alpha=1e-6))
    [size] = finding.sizes
    assert [size.lower, size.upper, size.detectable] == [None] * 3
    assert msgspec.json.decode(msgspec.json.encode(finding), type=type(finding)) == finding


def test_what_must_not_be_compared_is_an_invalid_environment(judged, spread):
    finding = judged(spread(0.1), invalid="the base runs code of the working tree")
    assert (finding.status, finding.sizes) == (Status.INVALID_ENVIRONMENT, [])
    assert finding.invalid == "the base runs code of the working tree"
    assert judged([], invalid="x").status is Status.INVALID_ENVIRONMENT


def test_what_the_base_lacks_is_no_baseline(judged):
    finding = judged([], missing="main declares no variant 'ship'")
    assert (finding.status, finding.missing.what) == (Status.NO_BASELINE, "main declares no variant 'ship'")
    assert judged([], missing="nothing", invalid="wrong").status is Status.NO_BASELINE


@pytest.mark.parametrize(
    ("lost_s", "slower", "status", "explained"),
    [
        (None, 9.0, Status.INVALID_ENVIRONMENT, 1.0),
        (None, 12.0, Status.REGRESSED, 10.0),
        (0.0, 1.9, Status.INVALID_ENVIRONMENT, 1.0),
        (0.0, 2.5, Status.REGRESSED, 2.0),
        (0.0, 0.1, Status.INVALID_ENVIRONMENT, 1.0),
    ],
)
def test_a_slowdown_beyond_what_disturbs_every_pair_stands(judged, make_pair, lost_s, slower, status, explained):
    seen = Disturbance(1.0, foreign=0.5, lost_s=lost_s)
    pairs = [
        msgspec.structs.replace(make_pair(slower * (1 + 0.01 * n), dropped=f"reason {n}"), seen=seen) for n in range(5)
    ]
    finding = judged(pairs)
    assert (finding.status, finding.explained, finding.too_busy) == (
        status,
        explained,
        status is Status.INVALID_ENVIRONMENT,
    )
    stands = "5 of 5 pairs were disturbed, the last because reason 4"
    assert finding.in_spite_of == (stands if status is Status.REGRESSED else "")
    assert finding.pairs == (5 if status is Status.REGRESSED else 0)


@pytest.mark.parametrize("dropped", ["", "busy"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("slower", "regressed"), [(9.99, False), (10.1, True)])
def test_too_few_pairs_of_more_than_any_disturbance_explains(judged, make_pair, dropped, count, slower, regressed):
    finding = judged([make_pair(72.0, dropped=dropped)] * (count - 1) + [make_pair(slower)])
    assert (finding.status is Status.REGRESSED) is regressed
    assert finding.every_round == (pytest.approx(10.1) if regressed else 0.0)
    assert finding.pairs == (count if regressed else count if not dropped else 1)


def test_a_size_that_is_not_slower_stays_undecided(judged, make_pair):
    finding = judged([make_pair(1.0, more_sizes={"128x128": (72.0, 1.0)})])
    assert [one.status for one in finding.sizes] == [Status.INCONCLUSIVE, Status.REGRESSED]
    assert finding.status is Status.REGRESSED


def test_disturbed_pairs_count_where_those_that_are_left_decide_nothing(judged, make_pair):
    pairs = [make_pair(20.0 + n, dropped="busy" if n < 2 else "") for n in range(5)]
    finding = judged(pairs)
    assert (finding.status, finding.pairs) == (Status.REGRESSED, 5)
    assert finding.in_spite_of == "2 of 5 pairs were disturbed, the last because busy"


def test_a_machine_too_busy_to_compare_on(judged, make_pair, spread):
    disturbed = [make_pair(9.0, dropped="busy")] * 5
    finding = judged([*disturbed, *spread(0.0)])
    assert (finding.status, finding.too_busy, finding.sizes) == (Status.INVALID_ENVIRONMENT, True, [])
    assert judged([*disturbed, *spread(0.0, count=5)]).status is Status.PASSED


def test_a_budget_that_ends_before_any_pair_counts(judged, make_pair):
    finding = judged([make_pair(dropped="it was warm"), make_pair(dropped="it was busy")], ended_by="budget")
    assert (finding.status, finding.too_busy, finding.pairs) == (Status.INVALID_ENVIRONMENT, False, 0)
    assert [(one.number, one.because) for one in finding.dropped] == [(1, "it was warm"), (2, "it was busy")]


def test_dropped_pairs_do_not_count(judged, make_pair, spread):
    first, *others = spread(0.0)
    finding = judged([first, make_pair(9.0, dropped="busy"), *others], side_by_side=False)
    assert (finding.status, finding.pairs, finding.in_turn) == (Status.PASSED, 4, True)
    assert [one.number for one in finding.dropped] == [2]
    assert finding.sizes[0].ratio == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first", "second", "status", "size"),
    [
        (1.0, 0.5, Status.PASSED, "64x64"),
        (0.5, 1.0, Status.PASSED, "128x128"),
        (0.5, 0.6, Status.FASTER, "128x128"),
        (1.3, 1.2, Status.REGRESSED, "64x64"),
        (1.2, 1.3, Status.REGRESSED, "128x128"),
        (0.5, 1.2, Status.REGRESSED, "128x128"),
    ],
)
def test_the_order_of_two_sizes(judged, make_pair, first, second, status, size):
    finding = judged([make_pair(first, more_sizes={"128x128": (second, 1.0)})] * 4)
    assert (finding.status, worst_size(finding.sizes).size) == (status, size)


def test_a_size_that_is_undecided_is_worse_than_one_that_passes(judged, make_pair):
    pairs = [make_pair(1.0, more_sizes={"128x128": (1.03 * math.exp(0.01 * s), 1.0)}) for s in SHAPE]
    finding = judged(pairs, ended_by="budget")
    assert (finding.status, worst_size(finding.sizes).size) == (Status.INCONCLUSIVE, "128x128")


def test_with_two_sizes_a_slowdown_takes_more_to_be_significant(judged, spread):
    thresholds = Thresholds(max_pairs=4)  # one look: the levels are the error rates themselves
    # t(1 - .01, 3) = 4.541 and t(1 - .005, 3) = 5.841 standard errors above what is ignored
    slowdown = math.expm1(math.log1p(0.01) + 5.0 * ERROR)
    one, two = (judged(spread(slowdown, more_sizes=more), thresholds) for more in ({}, {"128x128": (1.0, 1.0)}))
    assert (one.status, two.status) == (Status.REGRESSED, Status.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("slowdown", "status"),
    [
        (0.1, Status.INVALID_ENVIRONMENT),
        (-0.2, Status.INVALID_ENVIRONMENT),
        (0.0, Status.PASSED),
        (0.03, Status.INCONCLUSIVE),
    ],
)
def test_a_head_that_differs_from_itself_is_no_place_to_compare_in(measured, spread, judged, slowdown, status):
    finding = judge_control(compared(spread(slowdown)), measured([7.0] * 3), DEFAULTS)
    assert (finding.part, finding.status) == ("control", status)
    assert finding.latency == judged(spread(slowdown))
