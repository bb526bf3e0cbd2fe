"""Samplers that draw noise at each step: every variant gets the reference's, whatever type it computes in."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.full

CONFTEST = """
import dataclasses

from pytest_sdperf.variants import fp32

SAMPLERS = {"ancestral": "EulerAncestralDiscreteScheduler", "lcm": "LCMScheduler"}


def variant(name, sampler, build):
    # What random weights draw is not what this is about.
    limits = {"min_ssim": 0, "min_psnr": 0}
    changes = {"factory": f"faulty:{build}", "claims": (), "precision": "bf16", "thresholds": limits}
    return dataclasses.replace(fp32.VARIANT, name=name, scheduler=sampler, **changes)


def pytest_sdperf_variants():
    return [variant(f"{name}_in_bf16", sampler, "in_bf16") for name, sampler in SAMPLERS.items()] + [
        variant("own_noise", SAMPLERS["ancestral"], "own_noise"),
    ]
"""

FAULTY = '''
import torch

from pytest_sdperf.variants.fp32 import build


def in_bf16(context):
    return build(context).to(torch.bfloat16)


def own_noise(context):
    """Draws its noise from no generator that it was given."""
    pipeline = build(context)
    original = type(pipeline)

    def call(self, *, generator, **keywords):
        return original.__call__(self, **keywords)

    pipeline.__class__ = type(original.__name__, (original,), {"__call__": call})
    return pipeline
'''

VARIANTS = ("ancestral_in_bf16", "lcm_in_bf16", "own_noise")


@pytest.fixture(scope="module")
def run(gate):
    return gate(CONFTEST, FAULTY, VARIANTS)


@pytest.mark.parametrize("variant", ["ancestral_in_bf16", "lcm_in_bf16"])
def test_noise_is_the_same_in_every_type(run, variant):
    chain = run.outcome(variant).verdict.chain
    assert chain.not_followed == ""
    [unet] = [stage for stage in chain.pictures[0].stages if stage.stage == "unet"]
    assert unet.latents_db == [None] * 4, "noise that is drawn in bf16 is other noise"
    assert unet.output_db != [None] * 4, "this computes in float32"


def test_noise_of_ones_own_is_named(run):
    assert "own_noise: picture BROKEN: before UNet call 2 the latents differ from fp32's (" in run.text
    assert "though call 1 agreed: guidance or scheduler" in run.text
