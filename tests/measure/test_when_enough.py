"""How many processes measure a case, by what was asked for and what is known."""

import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.measure.when_enough import enough, most_processes
from pytest_sdperf.measure.when_paired import Pairs
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.stats.enough_processes import MOST_PROCESSES, RECORDED_PROCESSES, UNCOMPARED_PROCESSES
from pytest_sdperf.stats.run_spread import RunSpread

DEFAULT = Options()
FIXED = Options(processes=4)
FASTER = Thresholds(min_speedup=("fp32", 2.0))
GROSS = Thresholds(max_slowdown=0.5)


@pytest.mark.parametrize(
    ("pairs", "options", "facts", "processes"),
    [
        (Pairs.YES, DEFAULT, {}, 1),
        (Pairs.YES, FIXED, {}, 1),
        (Pairs.YES, DEFAULT._replace(update="new"), {"is_recorded": True}, RECORDED_PROCESSES),
        (Pairs.YES, FIXED._replace(update="new"), {"is_recorded": True}, 4),
        (Pairs.YES, DEFAULT._replace(thresholds=FASTER), {}, UNCOMPARED_PROCESSES),
        (Pairs.UNLESS_SCREENED, DEFAULT, {"has_baseline": True}, MOST_PROCESSES),
        (Pairs.UNLESS_SCREENED, FIXED, {"has_baseline": True}, 4),
        (Pairs.NO, DEFAULT, {}, UNCOMPARED_PROCESSES),
        (Pairs.NO, DEFAULT, {"has_baseline": True}, MOST_PROCESSES),
        (Pairs.NO, DEFAULT, {"has_baseline": True, "is_recorded": True}, RECORDED_PROCESSES),
    ],
)
def test_how_many_at_most(pairs, options, facts, processes):
    assert most_processes(pairs, options, **{"has_baseline": False, "is_recorded": False, **facts}) == processes


@pytest.fixture
def said(measured):
    """Whether so many processes, so much slower than ten recorded runs of a calm machine, are enough."""
    baseline = Baseline([RecordedRun("", measured([1.0] * 5))] * 10)

    def said(ratio, processes, options=DEFAULT, *, same=None, sibling=None):
        asked = []

        def is_recorded(measurement, looked):
            asked.append(len(measurement.processes))
            return same

        ask = enough(
            baseline,
            options,
            lambda: RunSpread(squares=0.01, processes=1000),
            MOST_PROCESSES,
            is_recorded=None if same is None else is_recorded,
            sibling=sibling,
        )
        if ask is None:
            return None
        answers = [ask.says(measured([ratio] * n), None) for n in range(1, processes + 1)]
        assert asked == ([] if same is None else [1])
        return answers[-1]

    said.asked = lambda options, is_recorded: enough(
        baseline, options, RunSpread, MOST_PROCESSES, is_recorded=is_recorded
    )
    return said


def test_as_many_are_built_at_once_as_are_sure_to_be_needed(said):
    def of(options, is_recorded=lambda measurement, looked: True):
        asked = said.asked(options, is_recorded)
        return [asked.likely(done) for done in range(6)]

    assert of(DEFAULT) == [1, 1, 2, 1, 2, 1]
    assert of(FIXED)[:4] == [1, 6, 5, 4]
    assert of(DEFAULT._replace(identical="measure")) == of(DEFAULT, is_recorded=None) == [2, 1, 2, 1, 2, 1]


def test_the_program_that_was_recorded_needs_one(said):
    assert said(1.04, 1, same=True)
    assert said(1.04, 1, FIXED, same=True)
    assert not said(1.04, 1, same=False)


@pytest.mark.parametrize("options", [DEFAULT._replace(identical="measure"), DEFAULT._replace(thresholds=FASTER)])
def test_unless_its_latency_is_asked_for(said, options):
    assert not said(1.0, 1, options, same=True)
    assert said(1.0, 2, options, same=True)


def test_a_fixed_number_is_fixed(said):
    assert said(1.0, 2, FIXED) is None
    assert said(1.0, 2, FIXED._replace(identical="measure"), same=True) is None
    assert not said(1.0, 3, FIXED, same=False)


def test_what_may_go_on_side_by_side_is_held_to_what_pairs_must_catch(said):
    """2 % slower: surely fine for 50 %, not yet for 5 %."""
    gross = DEFAULT._replace(thresholds=GROSS)
    assert not said(1.02, 2, gross)
    assert not said(1.02, 2, gross, same=False)
    assert said(1.02, 2, gross._replace(escalate="off"), same=False)
    assert said(1.02, 2, gross._replace(gate=("picture",)), same=False)
    assert said(1.02, 2, gross._replace(identical="measure"), same=True)


@pytest.mark.parametrize(("factor", "is_one_enough"), [(1.98, False), (2.01, False), (2.1, True), (1.9, True)])
def test_a_recorded_program_needs_no_more_where_its_promised_factor_is_sure(said, measured, factor, is_one_enough):
    options = DEFAULT._replace(thresholds=FASTER)
    assert said(1.0, 1, options, same=True, sibling=measured([factor])) is is_one_enough


def test_nor_is_it_sure_before_the_other_was_measured(said):
    assert said(1.0, 1, DEFAULT._replace(thresholds=FASTER), same=True) is False
