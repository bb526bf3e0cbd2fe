"""Faults, each put in for real: the chain names the link, whatever the final picture says."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.full

CONFTEST = """
import dataclasses

from pytest_sdperf.variants import fp32, openvino_static

# Final pictures are not what this is about.
LIMITS = {"min_ssim": 0, "min_psnr": 0}


def variant(name, original=fp32.VARIANT, **changes):
    changes = {"params": {"precision": "f32"}, "precision": "f32", **changes}
    return dataclasses.replace(original, name=name, thresholds=LIMITS, claims=(), **changes)


def pytest_sdperf_variants():
    return [
        variant("honest", openvino_static.VARIANT),
        variant("less_guidance", factory="faulty:less_guidance"),
        variant("one_step_less", factory="faulty:one_step_less"),
        variant("prompt_cut", factory="faulty:prompt_cut"),
        variant("short_text", factory="faulty:short_text"),
        variant("scaled_convolution", factory="faulty:scaled_convolution"),
        variant("no_skip", factory="faulty:no_skip"),
        variant("shifted_decoding", factory="faulty:shifted_decoding"),
    ]
"""

FAULTY = '''
"""Factories with one fault each."""

import torch

from pytest_sdperf.variants.fp32 import build


def asked_otherwise(context, change):
    pipeline = build(context)
    original = type(pipeline)

    def call(self, **keywords):
        return original.__call__(self, **change(keywords))

    pipeline.__class__ = type(original.__name__, (original,), {"__call__": call})
    return pipeline


def less_guidance(context):
    return asked_otherwise(context, lambda k: {**k, "guidance_scale": k["guidance_scale"] * 0.9})


def one_step_less(context):
    return asked_otherwise(context, lambda k: {**k, "num_inference_steps": k["num_inference_steps"] - 1})


def prompt_cut(context):
    return asked_otherwise(context, lambda k: {**k, "prompt": k["prompt"].rpartition(" ")[0]})


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
    "honest": "",
    "less_guidance": "before UNet call 2 the latents differ from fp32's (",
    "one_step_less": "4 UNet calls where fp32 made 5",
    "prompt_cut": "the text encoder's token ids differ from fp32's from position ",
    "short_text": "text encoder call 1 gives something else than fp32's for the same inputs (",
    "scaled_convolution": "UNet call 1 gives something else than fp32's for the same inputs (",
    "no_skip": "UNet call 1 gives something else than fp32's for the same inputs (",
    "shifted_decoding": "VAE decoder call 1 gives something else than fp32's for the same inputs (",
}
"""Variant -> how the link that breaks is named; empty: nothing is wrong with it."""


@pytest.fixture(scope="module")
def run(gate):
    return gate(CONFTEST, FAULTY, FAULTS)


@pytest.mark.parametrize("variant", FAULTS)
def test_the_link_is_named(run, variant):
    outcome = run.outcome(variant)
    named, chain = FAULTS[variant], outcome.verdict.chain
    assert (chain.reference, chain.precision, chain.not_followed) == ("fp32", "f32", "")
    assert [stage.stage for stage in chain.pictures[0].stages] == ["text_encoder", "unet", "vae_decode"]
    assert chain.pictures[0].stages[1].reference_calls == 5, "4 steps of PNDM"
    if named:
        assert f"{variant}: picture BROKEN: {named}" in run.text
    else:
        assert outcome.verdict.passed
