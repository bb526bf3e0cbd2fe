"""When recorded runs alone show that all is well."""

import pytest

from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.stats.screen import passes_screen, screen

CALM = RunSpread(squares=0.01, processes=1000)
LIMITS = {"max_slowdown": 0.05, "must_catch": 0.05}


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        ({"max_slowdown": 0.5}, False),
        ({"max_slowdown": 0.5, "must_catch": 0.2}, True),
        ({"max_slowdown": 0.2, "must_catch": 0.5}, True),
        ({"max_slowdown": 0.05, "must_catch": 0.5}, False),
    ],
)
def test_a_screen_lets_nothing_pass_that_pairs_would_have_to_catch(measured, limits, passes):
    runs, known = [measured([1.0] * 3)] * 10, CALM
    assert (
        passes_screen(measured([1.1] * 3), runs, known, **{"max_slowdown": 0.05, "must_catch": 0.05, **limits})
        is passes
    )


def test_what_is_faster_than_every_run_is_measured_side_by_side(measured):
    assert passes_screen(measured([1.0] * 3), [measured([1.0] * 3)] * 10, CALM, **LIMITS)
    assert not passes_screen(measured([0.5] * 3), [measured([1.0] * 3)] * 10, CALM, **LIMITS)


def test_nothing_passes_without_runs_of_the_same_work_and_sizes(measured):
    head = measured([1.0] * 3)
    assert not passes_screen(head, [], CALM, **LIMITS)
    assert not passes_screen(head, [measured([1.0] * 3, scheduler="DPM")], CALM, **LIMITS)
    more = measured([1.0] * 3, more_sizes={"8x8": [1.0] * 3})
    assert screen(more, [head], 0.05, CALM)["8x8"] is None
    assert not passes_screen(more, [head] * 10, CALM, **LIMITS)
