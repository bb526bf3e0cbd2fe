"""A variant whose pictures do not repeat, and what its limits allow."""

import math

import numpy as np
import pytest

from pytest_sdperf.judge.picture import Similarity, similarity
from pytest_sdperf.judge.repeatability import allowing, own_noise
from pytest_sdperf.options import Thresholds

KEY = "16x24/0"


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


def test_no_noise_changes_no_limit():
    limits = Thresholds()
    assert allowing(limits, None) is limits
    same = allowing(limits, Similarity(1.0, math.inf))
    assert (same.min_ssim, same.min_psnr) == (limits.min_ssim, pytest.approx(limits.min_psnr))


def test_noise_as_large_as_the_limit_costs_three_decibel():
    limits = allowing(Thresholds(min_ssim=0.98, min_psnr=35.0), Similarity(0.99, 35.0))
    assert limits.min_psnr == pytest.approx(35.0 - 10 * math.log10(2))
    assert limits.min_ssim == pytest.approx(0.97)


def test_limits_never_fall_below_zero():
    limits = allowing(Thresholds(min_ssim=0.1, min_psnr=1.0), Similarity(-0.5, 0.0))
    assert (limits.min_ssim, limits.min_psnr) == (0.0, 0.0)
