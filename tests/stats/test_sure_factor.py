"""When a promised factor needs no more processes."""

import math

import pytest

from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.stats.sure_factor import is_sure_of_factor

SPREAD = RunSpread(squares=98 * 0.05**2 - 2 * (0.06**2 - 0.05**2), processes=98)
"""Processes spread by 5 %."""

FAR = math.exp(3 * 0.05 * math.sqrt(2))
"""Three standard deviations of the ratio of two single processes."""


def test_the_spread_is_five_per_cent():
    assert SPREAD.variance == pytest.approx(0.05**2)


@pytest.mark.parametrize(("times", "is_sure"), [(1 / 1.01, False), (1.01, True)])
@pytest.mark.parametrize("side", [1, -1])
def test_both_sides_of_what_is_sure(measured, times, is_sure, side):
    factor = (FAR * times) ** side
    this, other = measured([1.0]), measured([1.5 * factor])
    assert is_sure_of_factor(this, other, 1.5, SPREAD) is is_sure


def test_more_processes_are_surer(measured):
    factor = 1.5 * FAR**0.8
    assert not is_sure_of_factor(measured([1.0]), measured([factor]), 1.5, SPREAD)
    assert is_sure_of_factor(measured([1.0] * 3), measured([factor] * 3), 1.5, SPREAD)
