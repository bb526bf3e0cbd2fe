"""When another process can change nothing: both sides of each reason to stop."""

import math

import numpy as np
import pytest

from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.stats.enough_processes import (
    EARLY_ALARM,
    EARLY_CONFIDENCE,
    MOST_PROCESSES,
    has_enough_processes,
)
from pytest_sdperf.stats.run_spread import RunSpread, compared

CALM = RunSpread(squares=1000 * 0.01**2, processes=1000)
SIZE = "64x64"


@pytest.fixture
def base(measured):
    return [measured([1.0] * 5)] * 10


def enough(head, base, max_slowdown=0.05, most=MOST_PROCESSES):
    return has_enough_processes(head, base, CALM, max_slowdown=max_slowdown, most=most)


def test_one_process_is_never_enough(measured, base):
    assert not enough(measured([9.0]), base)
    assert enough(measured([9.0] * 2), base)


def test_processes_that_were_disturbed_are_not_enough(measured, base):
    busy, quiet = Disturbance(1.0, foreign=0.8), Disturbance(1.0)
    assert not enough(measured([9.0] * 2, seen=[busy, quiet]), base)
    assert enough(measured([9.0] * 3, seen=[busy, quiet, quiet]), base)


def test_a_speed_like_the_recorded_one_ends_early_and_a_close_one_goes_on(measured, base):
    assert enough(measured([1.0] * 2), base)
    one = compared(measured([1.0] * 2), base, SIZE, CALM).difference()
    edge = math.exp(math.log1p(0.05) - one.quantile(EARLY_CONFIDENCE))
    assert enough(measured([edge * 0.999] * 2), base)
    assert not enough(measured([edge * 1.001] * 2), base)


@pytest.mark.parametrize("direction", [1, -1])
def test_what_is_surely_apart_ends_early(measured, base, direction):
    one = compared(measured([1.0] * 2), base, SIZE, CALM).difference()
    least = math.log1p(0.05) + one.quantile(1 - EARLY_ALARM)
    assert enough(measured([math.exp(direction * (least + 1e-4))] * 2), base)
    assert enough(measured([math.exp(direction * (least - 1e-4))] * 2), base) is (direction < 0), "faster is passed"


def test_what_no_further_process_can_decide_ends_at_once(measured):
    """One recorded run, and a limit that its noise hides for good."""
    base = [measured([1.0] * 3)]
    assert enough(measured([1.0] * 2), base)
    assert not enough(measured([1.0] * 2), base, max_slowdown=0.13)
    assert enough(measured([1.0] * 2), base, max_slowdown=0.5), "passed"


def test_what_may_still_regress_goes_on(measured):
    base = [measured(np.exp([-0.06, -0.03, 0.0, 0.03, 0.06]))] * 10
    between = measured(np.exp([0.07, 0.13]))
    assert not enough(between, base)
    assert enough(between, base, most=2), "no more can come"


def test_one_size_that_is_surely_slower_needs_no_others(measured):
    base = [measured([1.0] * 5, more_sizes={"128x128": [1.0] * 5})] * 10
    close = math.exp(0.02)
    assert not enough(measured([1.0] * 2, more_sizes={"128x128": [close] * 2}), base)
    assert enough(measured([3.0] * 2, more_sizes={"128x128": [close] * 2}), base)


def test_of_other_work_nothing_is_learned(measured, base):
    assert enough(measured([1.04] * 2, scheduler="DPM"), base)
    assert enough(measured([1.04] * 2, size="8x8"), base)
