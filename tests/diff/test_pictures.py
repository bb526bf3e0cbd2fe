"""Pictures as data: valid or not, and how close two are."""

import math

import numpy as np
import pytest

from pytest_sdperf.diff.pictures import GREY_LEVEL, as_8_bit, own_noise, picture_fault, similarity

KEY = "16x24/0"
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


def grey(value, size=(16, 24)):
    return np.full((*size, 3), value, dtype=np.float32)


def test_identical_pictures():
    assert similarity(grey(0.5), grey(0.5)).ssim == 1.0
    assert similarity(grey(0.5), grey(0.5)).psnr_db == math.inf


def test_black_against_white_is_as_unlike_as_can_be():
    # luminance term (2*0*1 + C1)/(0 + 1 + C1) with C1 = 0.01² ; contrast term 1. PSNR 10 log10(1/1).
    score = similarity(grey(0.0), grey(1.0))
    assert score.ssim == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-6)
    assert score.psnr_db == pytest.approx(0.0)


def test_inverted_picture_is_anticorrelated(picture):
    assert similarity(picture(), 1 - picture()).ssim < -0.5


def test_psnr_of_a_constant_shift_by_hand():
    # every value off by 0.1: mse 0.01, 10 log10(1/0.01) = 20 dB
    assert similarity(grey(0.5), grey(0.6)).psnr_db == pytest.approx(20.0, abs=1e-4)


def test_ssim_of_two_constants_by_hand():
    # (2*0.5*0.6 + C1) / (0.25 + 0.36 + C1), C1 = 1e-4
    assert similarity(grey(0.5), grey(0.6)).ssim == pytest.approx(0.6001 / 0.6101, abs=1e-6)


def test_rounding_to_8_bits():
    assert as_8_bit(np.array([0.0, 0.001, 0.0021, 1.0])).tolist() == [0.0, 0.0, 1 / 255, 1.0]


def test_what_repeats_has_no_noise(picture):
    assert own_noise({KEY: picture()}, {}) is None
    assert own_noise({KEY: picture()}, {KEY: []}) is None


def test_the_worst_of_all_that_differ(picture):
    first = picture()
    near, far = np.clip(first + 0.01, 0, 1), np.clip(first + 0.05 * picture(seed=3), 0, 1)
    noise = own_noise({KEY: first}, {KEY: [near, far]})
    assert noise.ssim == min(similarity(first, p).ssim for p in (near, far))
    assert noise.psnr_db == similarity(first, far).psnr_db


def test_what_is_no_picture_allows_nothing(picture):
    bad = picture()
    bad[0, 0, 0] = np.nan
    assert own_noise({KEY: picture()}, {KEY: [bad]}) is None
    assert own_noise({KEY: bad}, {KEY: [picture()]}) is None
    assert own_noise({KEY: picture()}, {KEY: [np.zeros(3, np.float32)]}) is None
