"""The loop over the pairs: when it stops, how many rounds each has, what is told on the way."""

import math
from pathlib import Path

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.measure.paired import SampledPair
from pytest_sdperf.measure.progress import Progress, Reach
from pytest_sdperf.measure.stopping import Limits, measure_pairs
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.looks import ratios_of_rounds
from pytest_sdperf.stats.rounds import PRIOR, rounds_per_pair

BUILT = {"base": protocol.Built({}, "", "CPython 3.10", {}, {}), "head": protocol.Built({}, "", "CPython 3.11", {}, {})}
MODULES = {"base": {"harbour": "/base/harbour.py"}, "head": {"harbour": "/head/harbour.py"}}
SIXTEENTH = 1 / 16
"""Seconds of a round: sums of these are exact."""


def measured(*, sizes=("64x64",), startup_s=2.0, warmup_s=0.5, picture_s=0.25):
    run = ProcessRun(
        images={size: [ImageTiming(round(picture_s * 1e9))] * 3 for size in sizes},
        warmup_ns={size: [round(warmup_s * 1e9)] * 2 for size in sizes},
        startup_ns={"spawn": round(startup_s * 1e9 / 2), "load": round(startup_s * 1e9 / 2)},
        peak_rss_bytes=1,
    )
    return Measurement(
        "id", "ship", "synthetic:tiny", "", "PNDM", {}, [run] * 2, Evidence(), Environment(machine_key="zen5")
    )


class Pairs:
    """Measures pairs that are told; a clock that moves by what they cost."""

    def __init__(self, make_pair, *told, start_s=1.0, round_s=SIXTEENTH, end_s=0.0, slows_s=0.0):
        self.slows_s = slows_s
        self.make_pair, self.told = make_pair, list(told)
        self.start_s, self.round_s, self.end_s = start_s, round_s, end_s
        self.now_s = 1000.0
        self.calls, self.steps = [], []

    def sample(self, number, rounds, *, show_base):
        self.calls.append((number, rounds, show_base))
        spent_s = {"start": self.start_s, "rounds": self.round_s * rounds, "end": self.end_s}
        self.now_s += sum(spent_s.values())
        self.start_s += self.slows_s
        told = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        pair = self.make_pair(**({"head_s": told} if isinstance(told, float) else told), rounds=rounds, spent_s=spent_s)
        shown = {"evidence": Evidence(facts={"arm": "base"}), "pictures": {"64x64/0": Path("base.npy")}}
        return SampledPair(pair, BUILT, MODULES, **(shown if show_base else {}))

    def run(self, *, head=None, budget_s=math.inf, rounds=None, wrong_code=lambda pair: "", **thresholds):
        return measure_pairs(
            self.sample,
            head or measured(),
            Limits(Thresholds(**thresholds), budget_s, rounds),
            wrong_code=wrong_code,
            progress=Progress("ship", self.steps.append, lambda: self.now_s),
        )

    @property
    def lines(self):
        """What a log has of it."""
        return [step.line for step in self.steps if step.reach is Reach.LOG]

    @property
    def rounds(self):
        return [call[1] for call in self.calls]


@pytest.fixture
def pairs(make_pair):
    return lambda *told, **costs: Pairs(make_pair, *told, **costs)


UNDECIDED = (1.5, 0.7, 1.3, 0.8) * 60


@pytest.mark.parametrize("head_s", [1.0, 1.5, 0.5])
def test_clear_pairs_stop_at_the_first_decision(pairs, head_s):
    told = pairs(head_s)
    found = told.run(rounds=5)
    assert told.calls == [(1, 5, True), (2, 5, False), (3, 5, False), (4, 5, False)]
    assert len(found.pairs) == 4
    assert (found.ended_by, found.invalid) == ("", "")


def test_only_the_first_pair_shows_the_base(pairs):
    found = pairs(1.0).run(rounds=3)
    assert found.evidence == Evidence(facts={"arm": "base"})
    assert found.pictures == {"64x64/0": Path("base.npy")}
    assert (found.built, found.modules) == (BUILT, MODULES)


def test_undecided_pairs_end_with_the_most(pairs):
    found = pairs(*UNDECIDED).run(rounds=3, max_pairs=7)
    assert len(found.pairs) == 7
    assert found.ended_by == ""


def test_pairs_that_do_not_count_are_made_up_for(pairs):
    disturbed = {"foreign": 0.5}
    told = pairs(disturbed, *UNDECIDED[:3], disturbed, disturbed, *UNDECIDED)
    found = told.run(rounds=3, max_pairs=7)
    assert [bool(pair.dropped) for pair in found.pairs] == [True, *[False] * 3, True, True, *[False] * 4]
    assert [call[0] for call in told.calls] == list(range(1, 11))


def test_too_many_disturbed_pairs_are_not_gone_on_with(pairs):
    found = pairs({"foreign": 0.5}).run(rounds=3)
    assert len(found.pairs) == 5
    assert found.ended_by == ""


def test_a_pair_is_held_against_the_earlier_ones(pairs):
    found = pairs({"kernel_ns": 4e6}, {"kernel_ns": 6e6}, {"kernel_ns": 4e6}).run(rounds=3)
    assert [pair.dropped for pair in found.pairs] == [
        "",
        "the machine computed 1.50x slower than in its fastest pair (limit 1.25x)",
        *[""] * 3,
    ]


def test_wrong_code_is_seen_in_the_first_pair(pairs):
    seen = []
    told = pairs(1.0)
    found = told.run(rounds=3, wrong_code=lambda pair: seen.append(pair.modules) or "the base ran the head's code.")
    assert found.invalid == "the base ran the head's code."
    assert seen == [MODULES]
    assert len(found.pairs) == 1
    assert len(told.lines) == 1


def test_code_is_looked_at_once(pairs):
    seen = []
    pairs(1.0).run(rounds=3, wrong_code=lambda pair: seen.append(pair.modules) or "")
    assert len(seen) == 1


# A pair of 4 rounds costs 1.25 s.
@pytest.mark.parametrize(
    ("budget_s", "count", "ended_by"),
    [(0.0, 1, "budget"), (2.49, 1, "budget"), (2.5, 2, "budget"), (4.99, 3, "budget"), (5.0, 4, ""), (9.0, 4, "")],
)
def test_both_sides_of_the_budget(pairs, budget_s, count, ended_by):
    """The first pair is always measured: it shows the base, and says what a pair costs."""
    found = pairs(1.0).run(rounds=4, budget_s=budget_s)
    assert (len(found.pairs), found.ended_by) == (count, ended_by)


def test_what_a_pair_costs_is_the_mean_so_far_ends_included(pairs):
    told = pairs(1.0, start_s=1.0, end_s=0.25)
    assert len(told.run(rounds=4, budget_s=2.99).pairs) == 1
    assert len(pairs(1.0, start_s=1.0, end_s=0.25).run(rounds=4, budget_s=3.0).pairs) == 2


@pytest.mark.parametrize(
    ("head", "costs"),
    [
        # started at once, warmed up one after the other; a round is a picture of each arm at every size
        (measured(), {"start_s": 2.0 + 2 * 2 * 0.5, "round_s": 2 * 0.25}),
        (measured(sizes=("64x64", "128x128")), {"start_s": 2.0 + 2 * 4 * 0.5, "round_s": 4 * 0.25}),
        (measured(startup_s=60.0), {"start_s": 62.0, "round_s": 0.5}),
        (measured(startup_s=0.0, warmup_s=0.0), {"start_s": 0.0, "round_s": 0.5}),
    ],
)
def test_the_first_pair_has_as_many_rounds_as_pay_by_the_heads_own_cost(pairs, head, costs):
    told = pairs({"more_sizes": {"128x128": (1.0, 1.0)}}) if len(head.sizes) > 1 else pairs(1.0)
    told.run(head=head, budget_s=1000.0)
    assert told.rounds[0] == rounds_per_pair([], left_s=1000.0, **costs)
    by_hand = round(math.sqrt(costs["start_s"] / costs["round_s"] * PRIOR.round / PRIOR.pair))
    assert told.rounds[0] == min(max(by_hand, 3), 40)


def test_later_pairs_have_as_many_rounds_as_pay_by_what_the_earlier_ones_cost(pairs):
    told = pairs(*UNDECIDED, start_s=3.0, round_s=0.5, end_s=1.0)
    found = told.run(budget_s=120.0, max_pairs=6)
    assert len(found.pairs) == 6
    spent_s = 0.0
    for done, rounds in enumerate(told.rounds):
        earlier = ratios_of_rounds(found.pairs[:done], "64x64")
        assert rounds == rounds_per_pair(earlier, start_s=4.0, round_s=0.5, left_s=120.0 - spent_s)
        spent_s += 4.0 + 0.5 * rounds


def test_pairs_that_do_not_count_tell_their_cost_but_no_spread(pairs):
    told = pairs({"foreign": 0.5}, 1.0, start_s=16.0)
    told.run()
    assert told.rounds[0] == 9  # by what the head cost: 4 s and 0.5 s
    assert told.rounds[1] == 40  # by what the first pair cost: 16 s and 1/16 s


def test_rounds_become_fewer_where_the_budget_would_end_before_the_first_decision(pairs):
    """Each start takes half a second more than the one before, so that four pairs of 6 rounds do not fit."""
    told = pairs(1.0, start_s=4.0, round_s=0.5, slows_s=0.5)
    found = told.run(budget_s=28.0)
    assert told.rounds == [6, 6, 5, 3]
    assert len(found.pairs) == 4
    assert found.ended_by == ""


def test_a_pair_of_the_fewest_rounds_must_fit(pairs):
    for budget_s, count in ((13.9, 1), (14.0, 2)):  # 4 s and 3 rounds of 1 s: 7 s a pair
        told = pairs(1.0, start_s=4.0, round_s=1.0)
        found = told.run(budget_s=budget_s)
        assert len(found.pairs) == count
        assert found.ended_by == "budget"


def test_each_pair_is_told(pairs):
    told = pairs(1.02, {"steal": 0.07}, 0.99, 1.0)
    told.run(rounds=12, max_pairs=24)
    assert told.lines == [
        # By the head's own cost a pair of 12 rounds would take 10 s.
        "ship: pair 1 of at most 24, 12 rounds: +2.0 % so far, 0:01 of at most 4:00",
        (
            "ship: pair 2 of at most 25, 12 rounds: does not count, "
            "the hypervisor took 7.0 % of the CPUs' time (limit 5 %), 0:03 of at most 0:42"
        ),
        "ship: pair 3 of at most 25, 12 rounds: +0.5 % so far, 0:05 of at most 0:43",
        "ship: pair 4 of at most 25, 12 rounds: +0.3 % so far, 0:07 of at most 0:43",
        "ship: pair 5 of at most 25, 12 rounds: +0.2 % so far, 0:08 of at most 0:43",
    ]


def test_who_watches_sees_each_pair_begin_with_what_is_known_by_then(pairs):
    told = pairs(1.02, 0.99, 1.0)
    told.run(rounds=12, budget_s=20.0)
    begun = [step.line for step in told.steps if step.reach is Reach.LIVE]
    assert begun == [
        "ship: pair 1 of at most 24, 0:00 of at most 0:20",
        "ship: pair 2 of at most 24 (+2.0 % so far), 0:01 of at most 0:20",
        "ship: pair 3 of at most 24 (+0.5 % so far), 0:03 of at most 0:20",
        "ship: pair 4 of at most 24 (+0.3 % so far), 0:05 of at most 0:20",
    ]


def test_of_several_sizes_the_slowest_is_told(pairs):
    told = pairs({"head_s": 1.01, "more_sizes": {"128x128": (4.8, 4.0), "8x8": (0.5, 1.0)}})
    told.run(rounds=3)
    assert told.lines[0].startswith("ship: pair 1 of at most 24, 3 rounds: +20.0 % so far, 0:01 ")
