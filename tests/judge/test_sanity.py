import numpy as np
import pytest

from pytest_sdperf.judge.sanity import GREY_LEVEL, picture_fault

SIZE = (16, 24)


def spread_out(std):
    """Half of the pixels below 0.5, half above: its standard deviation is exactly ``std``."""
    sign = np.where(np.indices(SIZE).sum(axis=0) % 2 == 0, 1.0, -1.0)
    return np.repeat((0.5 + std * sign)[..., None], 3, axis=2)


def test_a_sane_picture_has_no_fault(picture):
    assert picture_fault(picture(), SIZE) is None


def test_wrong_shape(picture):
    assert picture_fault(picture((24, 16)), SIZE) == "has shape (24, 16, 3), not (16, 24, 3)"
    assert picture_fault(picture()[..., 0], SIZE) == "has shape (16, 24), not (16, 24, 3)"


def test_wrong_dtype(picture):
    assert picture_fault((picture() * 255).astype(np.uint8), SIZE) == "has dtype uint8, not float in 0 to 1"


def test_nan_and_infinity_are_counted(picture):
    broken = picture()
    broken[0, 0, 0] = np.nan
    broken[1, 1] = np.inf
    assert picture_fault(broken, SIZE) == "has 1 NaN and 3 infinite values of 1152"


@pytest.mark.parametrize(("low", "high", "sane"), [(0, 1, True), (-0.01, 1, False), (0, 1.01, False), (0, 255, False)])
def test_range(picture, low, high, sane):
    stretched = picture()
    stretched[0, 0, 0], stretched[0, 0, 1] = low, high
    fault = picture_fault(stretched, SIZE)
    assert (fault is None) is sane
    if not sane:
        assert fault.startswith("has values from ")
        assert fault.endswith("(limit 0 to 1)")


def test_black_is_named():
    assert picture_fault(np.zeros((*SIZE, 3)), SIZE) == "is all black (brightest value 0, limit 0.0039)"
    assert picture_fault(np.full((*SIZE, 3), 0.9 * GREY_LEVEL), SIZE).startswith("is all black")


@pytest.mark.parametrize("colour", [(0.5, 0.5, 0.5), (1, 1, 1), (1, 0, 0)])
def test_one_colour_is_constant_whatever_the_channels(colour):
    fault = picture_fault(np.broadcast_to(np.array(colour, dtype=np.float32), (*SIZE, 3)), SIZE)
    assert fault == "is constant (spreads 0 around its mean, limit 0.0039, one 8-bit step)"


@pytest.mark.parametrize(("std", "sane"), [(GREY_LEVEL * 1.01, True), (GREY_LEVEL * 0.99, False)])
def test_both_sides_of_near_constant(std, sane):
    assert (picture_fault(spread_out(std), SIZE) is None) is sane
