"""How far two arrays agree: closed forms, and what cannot be compared."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.worker.agreement import gain, mean_error, psnr_db, worst

RAMP = np.linspace(-1, 1, 201, dtype=np.float32).reshape(3, 67)
NOT_FINITE = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize(("error", "db"), [(0.02, 40.0), (0.002, 60.0), (2.0, 0.0), (5.0, 0.0)])
def test_psnr_is_of_the_peak_to_peak_of_the_reference(error, db):
    assert psnr_db(RAMP, (RAMP + error).astype(np.float32)) == pytest.approx(db, abs=0.01)


def test_equal_arrays_have_no_psnr():
    assert psnr_db(RAMP, RAMP.copy()) is None
    assert psnr_db(np.zeros(0, np.float32), np.zeros(0, np.float32)) is None


def test_a_constant_reference_has_its_own_size_for_a_peak():
    four = np.full((2, 2), 4.0, np.float32)
    assert psnr_db(four, four + np.float32(0.04)) == pytest.approx(40, abs=0.01)
    assert psnr_db(four * 0, four * 0 + np.float32(0.01)) == pytest.approx(40, abs=0.01)


@pytest.mark.parametrize("value", NOT_FINITE)
def test_what_is_not_finite_does_not_agree_at_all(value):
    own = RAMP.copy()
    own[0, 0] = value
    assert psnr_db(RAMP, own) == psnr_db(own, RAMP) == 0
    assert gain(RAMP, own) == mean_error(RAMP, own) == 0


def test_other_shapes_do_not_agree_at_all():
    assert psnr_db(RAMP, RAMP[:2]) == 0
    assert gain(RAMP, RAMP[:2]) == mean_error(RAMP, RAMP[:2]) == 0


def test_the_worst_of_several():
    assert worst([None, 60.0, 40.0]) == 40
    assert worst([None, None]) is worst([]) is None


@given(st.floats(0.5, 2))
def test_a_gain_is_a_factor_less_one(factor):
    assert gain(RAMP, RAMP * factor) == pytest.approx(factor - 1, abs=1e-6)


@given(st.floats(-2, 2))
def test_an_offset_is_counted_in_standard_deviations(offset):
    assert mean_error(RAMP, RAMP + RAMP.std() * offset) == pytest.approx(offset, abs=1e-5)
    assert gain(RAMP, RAMP + offset) == pytest.approx(0, abs=1e-5), "this reference has no mean"


def test_rounding_averages_out():
    rounded = np.round(RAMP * 32) / 32
    assert abs(gain(RAMP, rounded)) < 2e-3
    assert abs(mean_error(RAMP, rounded)) < 2e-3


def test_nothing_to_compare():
    none = np.zeros((2, 2), np.float32)
    assert gain(none, none + 1) == mean_error(none, none + 1) == 0
    assert math.isfinite(gain(none, none))
