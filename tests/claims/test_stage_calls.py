"""What a claim says of the calls of a stage. Whether it holds: test_claims.py."""

import pytest

from pytest_sdperf.claims.stage_calls import wanted_calls


@pytest.mark.parametrize(
    ("kind", "want", "wanted"),
    [
        ("unet_calls", "num_inference_steps", ("unet", 7)),
        ("unet_calls", "3", ("unet", 3)),
        ("unet_calls", "many", None),
        ("stage_calls", " text_encoder = 0 ", ("text_encoder", 0)),
        ("stage_calls", "text_encoder", None),
        ("stage_calls", "=3", None),
        ("kernel_precision", "bf16", None),
    ],
)
def test_what_is_wanted(kind, want, wanted):
    assert wanted_calls(kind, want, steps=7) == wanted
