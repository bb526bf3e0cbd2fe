"""Faults in a stage, each put in for real: stage parity names the stage, whatever the final picture says."""

from __future__ import annotations

import pytest

from pytest_sdperf.models.families import FIRST_CALL

pytestmark = pytest.mark.full

CONFTEST = """
import dataclasses

from pytest_sdperf.variants import fp32, openvino_static

# Final pictures are not what this is about; f32 against f32 keeps every stage above 100 dB.
LIMITS = {"min_ssim": 0, "min_psnr": 0, "min_stage_psnr": {"text_encoder": 90, "unet": 90, "vae_decode": 90}}


def variant(name, original=fp32.VARIANT, **changes):
    return dataclasses.replace(original, name=name, thresholds=LIMITS, claims=(), **changes)


def pytest_sdperf_variants():
    return [
        variant("honest", openvino_static.VARIANT, params={"precision": "f32"}),
        variant("short_text", factory="faulty:short_text"),
        variant("scaled_convolution", factory="faulty:scaled_convolution"),
        variant("no_skip", factory="faulty:no_skip"),
        variant("shifted_decoding", factory="faulty:shifted_decoding"),
    ]
"""

FAULTY = '''
"""Factories with a fault in one stage."""

import torch

from pytest_sdperf.variants.fp32 import build


def short_text(context):
    pipeline = build(context)
    encoder = getattr(pipeline.text_encoder, "text_model", pipeline.text_encoder).encoder
    encoder.layers = encoder.layers[:-1]
    return pipeline


def scaled_convolution(context):
    pipeline = build(context)
    with torch.no_grad():
        pipeline.unet.down_blocks[0].resnets[0].conv1.weight.mul_(1.02)
    return pipeline


def no_skip(context):
    pipeline = build(context)
    block = pipeline.unet.up_blocks[-1]
    forward = block.forward

    def without_skip(*args, res_hidden_states_tuple, **kwargs):
        zeroed = tuple(torch.zeros_like(state) for state in res_hidden_states_tuple)
        return forward(*args, res_hidden_states_tuple=zeroed, **kwargs)

    block.forward = without_skip
    return pipeline


def shifted_decoding(context):
    pipeline = build(context)
    with torch.no_grad():
        pipeline.vae.decoder.conv_out.bias.add_(0.05)
    return pipeline
'''

FAULTS = {
    "honest": None,
    "short_text": "text_encoder",
    "scaled_convolution": "unet",
    "no_skip": "unet",
    "shifted_decoding": "vae_decode",
}
"""Variant -> the stage that must be named; None: nothing is wrong with it."""


@pytest.fixture(scope="module")
def run(gate):
    return gate(CONFTEST, FAULTY, FAULTS)


@pytest.mark.parametrize("variant", FAULTS)
def test_the_stage_is_named(run, variant):
    outcome = run.outcome(variant)
    stage, stage_parity = FAULTS[variant], outcome.measurement.stage_parity
    assert stage_parity.reference == "fp32"
    assert list(stage_parity.stage_psnr_db) == ["text_encoder", "unet", "vae_decode"]
    assert stage_parity.not_compared == []
    low = [name for name, db in stage_parity.stage_psnr_db.items() if db is not None and db < 90]
    assert low == ([stage] if stage else [])
    # 5 UNet calls for 4 steps of PNDM, and the decoding; every trajectory begins with the same latents.
    assert len(stage_parity.drift_db) == 6
    assert stage_parity.drift_db[0] is None
    if stage:
        named = f"{variant}: picture BROKEN: {FIRST_CALL[stage]} already differs from fp32's on the same inputs: "
        assert named in run.text
    else:
        assert outcome.verdict.passed
