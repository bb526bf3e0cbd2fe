from __future__ import annotations

import pytest

from pytest_sdperf.models.families import family_of
from pytest_sdperf.models.synthetic_shapes import MODEL_INDEX, SCHEDULER, SHAPES


@pytest.mark.parametrize("kind", SHAPES)
def test_every_component_of_its_family_has_a_class_and_a_configuration(kind):
    shapes = SHAPES[kind]
    family = family_of([shapes.index["_class_name"]])
    names = {component.name for component in family.components}
    assert {*shapes.configs} == names - {*family.tokenizers}
    assert names <= {*shapes.index}
    assert {*shapes.outputs} <= {*family.weights}


@pytest.mark.parametrize("kind", SHAPES)
def test_components_fit_together(kind):
    shapes = SHAPES[kind].configs
    assert shapes["unet"]["cross_attention_dim"] == shapes["text_encoder"]["hidden_size"]
    assert shapes["unet"]["in_channels"] == shapes["unet"]["out_channels"] == shapes["vae"]["latent_channels"]
    assert shapes["vae"]["sample_size"] == 8 * shapes["unet"]["sample_size"]
    assert shapes["text_encoder"]["max_position_embeddings"] == 77
    assert len(shapes["unet"]["block_out_channels"]) == len(shapes["unet"]["down_block_types"])


@pytest.mark.parametrize("kind", SHAPES)
def test_channels_suit_bf16_kernels(kind):
    shapes = SHAPES[kind].configs
    channels = shapes["unet"]["block_out_channels"] + shapes["vae"]["block_out_channels"]
    assert all(c % 32 == 0 for c in [*channels, shapes["text_encoder"]["hidden_size"]])


def test_sd15_as_published():
    unet = SHAPES["sd15"].configs["unet"]
    assert unet["block_out_channels"] == [320, 640, 1280, 1280]
    assert unet["up_block_types"] == ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3
    assert (unet["layers_per_block"], unet["attention_head_dim"], unet["cross_attention_dim"]) == (2, 8, 768)
    assert SHAPES["sd15"].configs["vae"]["block_out_channels"] == [128, 256, 512, 512]
    assert SHAPES["sd15"].configs["text_encoder"]["vocab_size"] == 49408
    assert (SCHEDULER["beta_start"], SCHEDULER["beta_end"], SCHEDULER["beta_schedule"]) == (
        0.00085,
        0.012,
        "scaled_linear",
    )
    assert (SCHEDULER["skip_prk_steps"], SCHEDULER["steps_offset"], SCHEDULER["clip_sample"]) == (True, 1, False)
    assert MODEL_INDEX["safety_checker"] == MODEL_INDEX["feature_extractor"] == [None, None]
