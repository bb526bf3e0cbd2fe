"""Faults whose pictures end where they should: each is named by its link of the chain, and rounding is no fault."""

import pytest

from pytest_sdperf.report.json import read

PIPELINE = '''
"""A pipeline of numpy: token ids, embeddings, a denoiser in a loop, a decoder. ``fault`` is put in for real."""

import numpy as np


class Boat:
    def __init__(self, fault):
        self.fault = fault

    def sdperf_stages(self):
        return {"text_encoder": (self, "encode"), "unet": (self, "denoise"), "vae_decode": (self, "decode")}

    def encode(self, ids):
        return np.sin(np.outer(ids, np.arange(1, 9)) / 7).astype(np.float32)

    def denoise(self, latents, timestep, embeddings):
        answer = np.tanh(latents + embeddings.mean() * timestep / 1000).astype(np.float32)
        if self.fault == "rounding":
            answer = answer.astype(np.float16).astype(np.float32)
        return answer * np.float32(1.002 if self.fault == "gain" else 1)

    def decode(self, latents):
        return 1 / (1 + np.exp(-latents))

    def __call__(self, *, prompt, latents, num_inference_steps, guidance_scale, height, width, output_type):
        prompt = prompt[:-1] if self.fault == "cut" else prompt
        embeddings = self.encode(np.array([ord(letter) for letter in prompt.ljust(24)]))
        strength = np.float32(0.0505 if self.fault == "strength" else 0.05)
        for step in range(num_inference_steps):
            timestep = 1000 - step * (1000 // num_inference_steps) - (self.fault == "offset")
            latents = latents - strength * self.denoise(latents, timestep, embeddings)
        latents = latents * np.float32(1.002 if self.fault == "scale" else 1)
        small = self.decode(latents[0, :3]) + np.float32(0.002 if self.fault == "brighter" else 0)
        return np.kron(small, np.ones((8, 8), np.float32)).transpose(1, 2, 0)[None].clip(0, 1)


def build(context):
    return Boat(context.params.get("fault", ""))
'''
CONFTEST = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        boat = dict(factory="boats:build", needs_model=False)
        return [
            Variant("truth", reference=None, **boat),
            Variant("ours", reference="truth", params={{"fault": "{fault}"}}, **boat),
        ]
"""
TEST = """
    def test_ours(sd_ours):
        sd_ours.check(prompt="a boat in a bay", num_inference_steps=20)
"""

NAMED = {
    "cut": ("the text encoder's token ids differ from truth's from position 14 on",),
    "offset": ("UNet call 1 is asked for timestep 999 where truth asked for 1000: steps or scheduler",),
    "strength": ("before UNet call 2 the latents differ from truth's (", "though call 1 agreed: guidance or scheduler"),
    "gain": (
        "what the UNet gives is 0.20 % larger than truth's over all calls (limit 0.10 %): rounding does not do that",
    ),
    "scale": ("the latents for the VAE decoder differ from truth's (", "the last step, or the scale of the latents"),
    "brighter": ("the picture made of truth's last values differs (", " dB, limit 90 dB): postprocessing"),
}
"""Fault -> how its link is named."""


@pytest.fixture
def gate(project):
    def gate(fault, *args):
        (project.path / "boats.py").write_text(PIPELINE)
        project.conftest(CONFTEST.format(fault=fault))
        project.test(TEST)
        return project.run("--sdperf-update=new", "--sdperf-gate=picture", *args)

    return gate


@pytest.mark.parametrize("fault", ["", "rounding"])
def test_rounding_is_no_fault(gate, project, fault):
    gate(fault, "--sdperf-json=report.json").assert_outcomes(passed=1)
    [outcome] = read((project.path / "report.json").read_text()).outcomes
    chain = outcome.verdict.chain
    assert ([picture.key for picture in chain.pictures], chain.not_followed) == (["64x64/0"], "")
    [_, unet, _] = chain.pictures[0].stages
    assert (unet.output_db == [None] * 20) is (fault == "")


@pytest.mark.parametrize("fault", NAMED)
def test_a_fault_is_named_by_its_link(gate, fault, told):
    result = gate(fault)
    result.assert_outcomes(failed=1)
    told(result, "ours: picture BROKEN: ", *NAMED[fault])


@pytest.mark.parametrize("fault", NAMED)
def test_the_end_of_the_picture_does_not_show_it(gate, fault):
    """So the test above is of the chain."""
    gate(fault, "--sdperf-parity=off").assert_outcomes(passed=1)
