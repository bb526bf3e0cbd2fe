"""Two traces of one picture, compared."""

import math

import numpy as np
import pytest

from pytest_sdperf.measure.compare_stages import compare_stages, psnr_db


def array(*values):
    return np.array(values, np.float32)


def trace(**changes):
    whole = {
        "text_encoder/out": array(0, 1),
        "unet/in/0": array(0, 2),
        "unet/out": array(-1, 1),
        "vae_decode/in/0": array(0, 4),
        "vae_decode/out": array(0, 1),
        "latents": np.stack([array(0, 2), array(0, 3)]),
        "latents/decoded": array(0, 4),
    }
    return {**whole, **{k.replace("__", "/"): v for k, v in changes.items()}}


@pytest.mark.parametrize(
    ("own", "db"),
    [
        (array(0, 2), math.inf),
        (array(0.2, 2.2), 20.0),  # an error of a tenth of the range everywhere
        (array(2, 0), 0.0),
        (array(40, 2), 0.0),  # never below zero
        (array(0, np.nan), 0.0),
        (array(0, np.inf), 0.0),
        (array(0, 2, 3), 0.0),
    ],
)
def test_psnr_by_hand(own, db):
    assert psnr_db(array(0, 2), own) == pytest.approx(db, abs=1e-4)


def test_a_constant_reference_has_no_range():
    assert psnr_db(array(1, 1), array(1, 2)) == 0.0
    assert psnr_db(array(1, 1), array(1, 1)) == math.inf


def test_equal_traces_are_identical_everywhere():
    stage_parity = compare_stages(trace(), trace(), reference_name="fp32")
    assert stage_parity.reference == "fp32"
    assert stage_parity.stage_psnr_db == {"text_encoder": None, "unet": None, "vae_decode": None}
    assert stage_parity.drift_db == [None, None, None]
    assert stage_parity.not_compared == []


def test_each_stage_by_its_own_answer_and_the_drift_by_its_own_way():
    own = trace(
        unet__out=array(-0.8, 1.2), latents=np.stack([array(0, 2), array(0.3, 3.3)]), latents__decoded=array(0.4, 4.4)
    )
    stage_parity = compare_stages(trace(), own, reference_name="fp32")
    assert stage_parity.stage_psnr_db == {"text_encoder": None, "unet": pytest.approx(20, abs=1e-3), "vae_decode": None}
    assert stage_parity.drift_db == [None, pytest.approx(20, abs=1e-3), pytest.approx(20, abs=1e-3)]


def test_fewer_calls_are_compared_as_far_as_they_go():
    stage_parity = compare_stages(trace(), trace(latents=np.stack([array(0, 2)])), reference_name="fp32")
    assert stage_parity.drift_db == [None, None]


@pytest.mark.parametrize(
    "change", [{"unet__in__0": array(0, 1, 2)}, {"unet__out": array(0)}, {"unet__in__1": array(0)}]
)
def test_other_shapes_are_not_compared(change):
    stage_parity = compare_stages(trace(), trace(**change), reference_name="fp32")
    assert stage_parity.not_compared == ["unet"]
    assert list(stage_parity.stage_psnr_db) == ["text_encoder", "vae_decode"]


def test_a_variant_without_stages_compares_nothing():
    stage_parity = compare_stages(trace(), {}, reference_name="fp32")
    assert (stage_parity.stage_psnr_db, stage_parity.drift_db) == ({}, [])
    assert stage_parity.not_compared == ["text_encoder", "unet", "vae_decode"]


def test_what_is_not_finite_is_as_unlike_as_can_be():
    assert (
        compare_stages(trace(), trace(unet__out=array(np.nan, 0)), reference_name="fp32").stage_psnr_db["unet"] == 0.0
    )
