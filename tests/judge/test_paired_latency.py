"""The verdict of two arms side by side: every status, its sentence and what is told besides."""

import json
import math

import msgspec
import pytest

from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.judge.paired_latency import (
    decided,
    judge_control,
    judge_side_by_side,
    looks,
    plan_of,
    ratios_of_rounds,
)
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import Environment
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.sequential import Decision, Plan

HOST = Environment(machine_key="zen5")
DEFAULTS = Thresholds()
ARMS = "base: main (1a2b3c4d5e); head: working tree"
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
        return judge_side_by_side(compared(pairs, **fields), measured([7.0] * 3), thresholds)

    return judged


def test_surely_slower_is_regressed(judged, spread):
    finding = judged(spread(0.1), spent_s=123.0)
    assert finding.part == "latency"
    assert finding.status is Status.REGRESSED
    assert finding.sentence == (
        "1.1 s is 10.0 % slower than main (1a2b3c4d5e)'s 1 s side by side "
        "(95% bounds +7.7 % and +12.4 %, 4 pairs; up to 1 % is ignored)"
    )
    assert finding.details == [ARMS, "stage: rest 1 s -> 1.1 s (+10.0 %), +10.0 % of the picture's time"]
    # The bounds by hand: log(1.1) less and more T_BETA standard errors
    bounds = [1.1 * math.exp(sign * T_BETA * ERROR) for sign in (-1, 1)]
    assert finding.figures == {
        "size": "64x64",
        "median_s": pytest.approx(1.1, abs=1e-4),
        "base_median_s": 1.0,
        "base": "main (1a2b3c4d5e)",
        "ratio": pytest.approx(1.1),
        "lower": pytest.approx(bounds[0], abs=1e-4),
        "upper": pytest.approx(bounds[1], abs=1e-4),
        "ignored": 1.01,
        "limit": 1.05,
        "detectable": pytest.approx(1.01 * math.exp(SEEN * ERROR) - 1, abs=1e-4),
        "confidence": 0.95,
        "pairs": 4.0,
        "pairs_dropped": 0.0,
        "processes": 8.0,
        "spent_s": 123.0,
    }


def test_a_slowdown_surely_below_the_one_to_catch_passes(judged, spread):
    finding = judged(spread(0.0))
    assert finding.status is Status.PASSED
    assert finding.sentence == (
        "1 s is +0.0 % from main (1a2b3c4d5e)'s 1 s side by side "
        "(95% bounds -2.1 % and +2.2 %, 4 pairs; 5 % slower is ruled out)"
    )
    assert finding.details == [ARMS]


def test_surely_faster_by_more_than_is_ignored(judged, spread):
    finding = judged(spread(-0.2))
    assert finding.status is Status.FASTER
    assert finding.sentence == (
        "800 ms is 20.0 % faster than main (1a2b3c4d5e)'s 1 s side by side (95% bounds -21.7 % and -18.3 %, 4 pairs)"
    )


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


def test_a_slowdown_just_above_what_is_ignored_reads_differently(judged, spread):
    finding = judged(spread(0.0102, 1e-6), Thresholds(ignore=0.01, must_catch=0.0101))
    assert finding.sentence.startswith("1.01 s is 1.02 % slower than")


def test_the_most_pairs_without_a_decision_are_inconclusive(judged, spread):
    finding = judged(spread(0.03, 0.05, count=8), Thresholds(max_pairs=8))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "1.03 s is +3.0 % from main (1a2b3c4d5e)'s 1 s side by side (95% bounds -0.8 % and +7.0 %, 8 pairs); "
        "undecided: these pairs would have seen slowdowns above 8.64 % four times in five"
    )
    assert finding.figures["detectable"] == pytest.approx(0.0864, abs=1e-4)


def test_a_budget_that_ends_first_is_told(judged, spread):
    finding = judged(spread(0.03), ended_by="budget")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "1.03 s is +3.0 % from main (1a2b3c4d5e)'s 1 s side by side (95% bounds +0.8 % and +5.2 %, 4 pairs); "
        "the budget ended after 4 pairs: these pairs would have seen slowdowns above 6.47 % four times in five"
    )


def test_a_decision_is_no_less_one_because_the_budget_has_ended(judged, spread):
    assert judged(spread(0.1), ended_by="budget") == judged(spread(0.1))


def test_too_few_pairs_say_little(judged, make_pair):
    finding = judged([make_pair(1.2)], ended_by="budget")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence == (
        "1.2 s is +20.0 % from main (1a2b3c4d5e)'s 1 s side by side, but the budget ended after 1 pair, "
        "and a verdict takes 4"
    )
    assert [finding.figures[bound] for bound in ("lower", "upper", "detectable")] == [None] * 3


def test_a_hopeless_spread_stays_json(judged, make_pair):
    finding = judged([make_pair(head_s) for head_s in (1e-9, 1e6) * 2], Thresholds(alpha=1e-6))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence.endswith(
        "undecided: these pairs would have seen slowdowns above any size four times in five"
    )
    assert "(95% bounds unknown and unknown, 4 pairs)" in finding.sentence
    assert [finding.figures[bound] for bound in ("lower", "upper", "detectable")] == [None] * 3
    json.loads(msgspec.json.encode(finding))


def test_wrong_code_is_an_invalid_environment(judged, spread):
    finding = judged(spread(0.1), invalid="the base arm runs code of the working tree: ship (/head/ship.py).")
    assert (finding.part, finding.status) == ("latency", Status.INVALID_ENVIRONMENT)
    assert finding.sentence == "the base arm runs code of the working tree: ship (/head/ship.py)."
    assert finding.details == [ARMS]
    assert judged([], invalid="x").status is Status.INVALID_ENVIRONMENT


def test_what_the_base_lacks_is_no_baseline(judged):
    finding = judged([], missing="main declares no variant 'ship'")
    assert (finding.part, finding.status) == ("latency", Status.NO_BASELINE)
    assert finding.sentence == ("7 s ±0.0 %, but main declares no variant 'ship'; record it with --sdperf-update=new")
    assert judged([], missing="nothing", invalid="wrong").status is Status.NO_BASELINE


def test_a_machine_too_busy_to_compare_on(judged, make_pair, spread):
    disturbed = [make_pair(9.0, dropped=f"it was {how}") for how in ("warm", "busy", "loud", "late", "ill")]
    finding = judged([*disturbed, *spread(0.0)])
    assert finding.status is Status.INVALID_ENVIRONMENT
    assert finding.sentence == (
        "5 of 9 pairs were disturbed, the last because it was ill: this machine is too busy to compare on"
    )
    assert finding.details == [
        ARMS,
        "pair 1 does not count: it was warm",
        "pair 2 does not count: it was busy",
        "pair 3 does not count: it was loud",
        "and 2 more do not count",
    ]
    assert judged([*disturbed, *spread(0.0, count=5)]).status is Status.PASSED


def test_a_budget_that_ends_before_any_pair_counts(judged, make_pair):
    finding = judged([make_pair(dropped="it was warm"), make_pair(dropped="it was busy")], ended_by="budget")
    assert finding.status is Status.INVALID_ENVIRONMENT
    assert finding.sentence == "the budget ended before a pair was measured undisturbed: it was busy"
    assert finding.details == [ARMS, "pair 1 does not count: it was warm", "pair 2 does not count: it was busy"]


@pytest.mark.parametrize(
    ("dropped", "lines"),
    [
        (0, []),
        (1, ["pair 2 does not count: busy"]),
        (3, [f"pair {number} does not count: busy" for number in (2, 3, 4)]),
        (4, [*[f"pair {number} does not count: busy" for number in (2, 3, 4)], "and 1 more do not count"]),
    ],
)
def test_dropped_pairs_are_told_the_first_three_one_by_one(judged, make_pair, spread, dropped, lines):
    first, *others = spread(0.0)
    finding = judged([first, *[make_pair(9.0, dropped="busy")] * dropped, *others])
    assert finding.status is Status.PASSED
    assert finding.details == [ARMS, *lines]
    figures = finding.figures
    assert (figures["pairs"], figures["pairs_dropped"], figures["processes"]) == (4, dropped, 8 + 2 * dropped)
    assert figures["ratio"] == pytest.approx(1.0)


def test_one_after_the_other_is_told(judged, spread):
    assert judged(spread(0.0), side_by_side=False).details == [
        ARMS,
        "memory is too small for both arms, so one ran after the other: drift between them counts as noise",
    ]


def test_a_stage_that_became_slower_in_the_head_is_named(judged, spread):
    finding = judged(spread(0.2, unet_s=(0.9, 0.7)))
    assert finding.details == [
        ARMS,
        "stage: unet 700 ms -> 900 ms (+28.6 %), +20.0 % of the picture's time",
    ]


def test_cold_starts_are_told_from_the_same_processes(judged, spread):
    def started(pair, base_s, head_s):
        base, head = (
            msgspec.structs.replace(run, startup_ns={"load": round(s * 1e9)})
            for run, s in ((pair.base, base_s), (pair.head, head_s))
        )
        return msgspec.structs.replace(pair, base=base, head=head)

    pairs = [started(pair, 2.0, 3.0) for pair in spread(0.0)]
    assert judged(pairs).details == [ARMS, "cold start (not judged): load 2 s -> 3 s (+50.0 %)"]


def test_the_worst_size_decides_and_the_others_are_told(judged, make_pair):
    sizes = {"128x128": (4.9, 4.0), "256x256": (7.0, 8.0)}
    finding = judged([make_pair(1.0, more_sizes=sizes)] * 4)
    assert finding.status is Status.REGRESSED
    assert finding.sentence == (
        "at 128x128: 4.9 s is 22.5 % slower than main (1a2b3c4d5e)'s 4 s side by side "
        "(95% bounds +22.5 % and +22.5 %, 4 pairs; up to 1 % is ignored)"
    )
    assert finding.figures["size"] == "128x128"
    assert finding.figures["base_median_s"] == 4.0
    assert finding.details == [
        ARMS,
        "64x64: PASSED: 1 s is +0.0 % from main (1a2b3c4d5e)'s 1 s side by side "
        "(95% bounds +0.0 % and +0.0 %, 4 pairs; 5 % slower is ruled out)",
        "256x256: FASTER: 7 s is 12.5 % faster than main (1a2b3c4d5e)'s 8 s side by side "
        "(95% bounds -12.5 % and -12.5 %, 4 pairs)",
        "stage at 128x128: rest 4 s -> 4.9 s (+22.5 %), +22.5 % of the picture's time",
        "stage at 256x256: rest 8 s -> 7 s (-12.5 %), -12.5 % of the picture's time",
    ]


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
    assert (finding.status, finding.figures["size"]) == (status, size)


def test_a_size_that_is_undecided_is_worse_than_one_that_passes(judged, make_pair):
    pairs = [make_pair(1.0, more_sizes={"128x128": (1.03 * math.exp(0.01 * s), 1.0)}) for s in SHAPE]
    finding = judged(pairs, ended_by="budget")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.sentence.startswith("at 128x128: 1.03 s is +3.0 % from")


def test_the_chance_of_a_false_alarm_is_shared_out_over_the_sizes():
    assert plan_of(DEFAULTS, 1) == Plan()
    assert plan_of(Thresholds(0.3, ignore=0.02, must_catch=0.07, alpha=0.03, beta=0.1, max_pairs=9), 3) == Plan(
        ignore=0.02, must_catch=0.07, alpha=0.01, beta=0.1, max_pairs=9
    )


def test_with_two_sizes_a_slowdown_takes_more_to_be_sure_of(judged, spread):
    thresholds = Thresholds(max_pairs=4)  # one look: the levels are the error rates themselves
    # t(1 - .01, 3) = 4.541 and t(1 - .005, 3) = 5.841 standard errors above what is ignored
    slowdown = math.expm1(math.log1p(0.01) + 5.0 * ERROR)
    one, two = (judged(spread(slowdown, more_sizes=more), thresholds) for more in ({}, {"128x128": (1.0, 1.0)}))
    assert (one.status, two.status) == (Status.REGRESSED, Status.INCONCLUSIVE)


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


@pytest.fixture
def control(measured):
    return lambda pairs, **fields: judge_control(compared(pairs, **fields), measured(), DEFAULTS)


@pytest.mark.parametrize(
    ("slowdown", "told"),
    [
        (
            0.1,
            "1.1 s is 10.0 % slower than main (1a2b3c4d5e)'s 1 s side by side "
            "(95% bounds +7.7 % and +12.4 %, 4 pairs; up to 1 % is ignored)",
        ),
        (
            -0.2,
            "800 ms is 20.0 % faster than main (1a2b3c4d5e)'s 1 s side by side "
            "(95% bounds -21.7 % and -18.3 %, 4 pairs)",
        ),
    ],
)
def test_a_head_that_differs_from_itself(control, judged, spread, slowdown, told):
    finding = control(spread(slowdown))
    assert (finding.part, finding.status) == ("control", Status.INVALID_ENVIRONMENT)
    assert finding.sentence == f"the head differs from itself: {told}; distrust differences of that size here"
    assert finding.details == judged(spread(slowdown)).details
    assert finding.figures == judged(spread(slowdown)).figures


def test_a_head_that_does_not_differ_from_itself(control, judged, make_pair, spread):
    for pairs, status in (
        (spread(0.0), Status.PASSED),
        (spread(0.03), Status.INCONCLUSIVE),
        ([make_pair(dropped="busy")] * 5, Status.INVALID_ENVIRONMENT),
    ):
        found = control(pairs)
        assert (found.part, found.status) == ("control", status)
        assert found == msgspec.structs.replace(judged(pairs), part="control")
