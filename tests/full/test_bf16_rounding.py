"""The model that rounds to bf16: its numbers are those of bf16, its weights stay, and honest bf16 is as far off."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from pytest_sdperf.worker.bf16_rounding import is_torch_module, rounded_to_bf16

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed: tox -e full"),
]


@pytest.fixture
def torch():
    import torch

    torch.manual_seed(0)
    return torch


def test_a_layer_multiplies_rounded_numbers_and_rounds_their_sum(torch):
    layer, given = torch.nn.Linear(64, 8), torch.randn(3, 64)
    plain = layer(given)
    with rounded_to_bf16([layer]):
        found = layer(given)
    weight, bias, rounded = (one.bfloat16().float() for one in (layer.weight, layer.bias, given))
    assert torch.equal(found, torch.nn.functional.linear(rounded, weight, bias).bfloat16().float())
    assert not torch.equal(found, plain)
    assert torch.equal(layer(given), plain), "behind it everything is as before"


def test_weights_are_put_back_where_a_layer_raises(torch):
    layer = torch.nn.Linear(64, 8)
    before = layer.weight.clone()
    with rounded_to_bf16([layer]), pytest.raises(RuntimeError, match="shapes"):
        layer(torch.randn(3, 5))
    assert torch.equal(layer.weight, before)


def test_a_layer_that_two_models_share_is_rounded_once(torch):
    class Doubled(torch.nn.Module):
        def forward(self, x):
            return x * 2

    shared = Doubled()
    with rounded_to_bf16([torch.nn.Sequential(shared), torch.nn.Sequential(shared)]):
        assert len(shared._forward_hooks) == 1
    assert not shared._forward_hooks


def test_token_ids_stay_and_timesteps_are_off(torch):
    class Angles(torch.nn.Module):
        def forward(self, timesteps):
            return timesteps.double()

    ids, times = torch.tensor([300, 301]), torch.tensor([951])
    embedding = torch.nn.Embedding(400, 4)
    with rounded_to_bf16([embedding]), torch.no_grad():
        assert torch.equal(embedding(ids), embedding.weight[ids].bfloat16().float())
    angles = Angles()
    with rounded_to_bf16([angles]):
        assert float(angles(times)) == pytest.approx(951 * (1 + 2**-9), rel=2**-8)
        assert float(angles(times)) != 951


def test_what_can_be_rounded(torch):
    assert is_torch_module(torch.nn.Linear(1, 1))
    assert not is_torch_module(object())


@pytest.mark.parametrize("model", ["bundled", "synthetic:tiny"])
def test_autocast_is_no_further_off_at_any_call(gate, model):
    """The one model is trained; the other's weights are random, and it minds a timestep that is off by a little."""
    run = gate(CONFTEST, "", ["autocast"], model=model)
    chain = run.outcome("autocast").verdict.chain
    assert not chain.broken, run.text
    for picture in chain.pictures:
        [unet] = [stage for stage in picture.stages if stage.stage == "unet"]
        for own_db, rounded_db in zip(unet.output_db, unet.rounding.output_db, strict=True):
            assert own_db > rounded_db - 3
            assert model != "bundled" or own_db < rounded_db + 5


CONFTEST = """
import dataclasses

from pytest_sdperf.variants import fp32, torch_bf16


def pytest_sdperf_variants():
    return [
        dataclasses.replace(
            torch_bf16.VARIANT, name="autocast", requirements=fp32.FP32_REQUIREMENTS, claims=(), precision="bf16"
        )
    ]
"""
