from __future__ import annotations

from pathlib import Path

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.architecture import check_classes, check_fit
from pytest_sdperf.models.folder import WEIGHTS, component_tensors

INDEX = Path("model", "model_index.json")
CLASSES = {
    "feature_extractor": "CLIPImageProcessor",
    "image_encoder": "CLIPVisionModelWithProjection",
    "scheduler": "DDIMScheduler",
    "text_encoder": "CLIPTextModel",
    "tokenizer": "CLIPTokenizerFast",
    "unet": "UNet2DConditionModel",
    "vae": "AutoencoderKL",
}
SAVED_TOGETHER = "Use a model whose parts were saved together, by pipeline.save_pretrained(folder)."


def fit(folder, **classes):
    check_fit(folder, {**CLASSES, **classes}, {c: component_tensors(folder, c) for c in WEIGHTS})


def refused(folder, **classes):
    with pytest.raises(ModelError) as caught:
        fit(folder, **classes)
    return caught.value


@pytest.fixture
def put(toy, pack, tensors):
    """Write a component's weights anew; ``...`` leaves a tensor out."""

    def put(component, changes):
        changed = {name: told for name, told in {**tensors[component], **changes}.items() if told is not ...}
        (toy / component / f"{WEIGHTS[component]}.safetensors").write_bytes(pack(changed))

    return put


class TestClasses:
    @pytest.mark.parametrize("vae", ["AutoencoderKL", "AutoencoderTiny"])
    def test_those_of_stable_diffusion(self, vae):
        check_classes({**CLASSES, "vae": vae}, INDEX)

    @pytest.mark.parametrize(
        ("component", "name", "known"),
        [
            ("unet", "SD3Transformer2DModel", "UNet2DConditionModel"),
            ("text_encoder", "T5EncoderModel", "CLIPTextModel"),
            ("text_encoder", "CLIPTextModelWithProjection", "CLIPTextModel"),
            ("vae", "VQModel", "AutoencoderKL or AutoencoderTiny"),
        ],
    )
    def test_another_class(self, component, name, known):
        with pytest.raises(ModelError) as caught:
            check_classes({**CLASSES, component: name}, INDEX)
        assert str(caught.value) == (
            f"{INDEX} gives the component {component!r} the class {name!r}. "
            f"Use a model of Stable Diffusion 1 or 2, where it is {known}."
        )

    @pytest.mark.parametrize("component", ["text_encoder_2", "transformer"])
    def test_a_component_too_many(self, component):
        with pytest.raises(ModelError) as caught:
            check_classes({**CLASSES, component: "CLIPTextModel"}, INDEX)
        assert str(caught.value) == (
            f"{INDEX} has the component {component!r}, which no StableDiffusionPipeline has. "
            "Use a model of Stable Diffusion 1 or 2: one text encoder, one UNet, one VAE."
        )


class TestConfigurations:
    @pytest.mark.parametrize(
        ("channels", "kind"),
        [
            (3, ""),
            (5, ", that of a depth-to-image model"),
            (7, ", that of an upscaling model"),
            (8, ", that of a picture-editing model"),
            (9, ", that of an inpainting model"),
            (16, ""),
        ],
    )
    def test_a_unet_that_sees_more_than_latents(self, toy, edit_json, channels, kind):
        edit_json(toy / "unet" / "config.json", in_channels=channels)
        assert str(refused(toy)) == (
            f"the UNet has in_channels={channels}{kind} [{toy / 'unet' / 'config.json'}]. "
            "Use a text-to-image model, whose UNet sees the 4 channels of the latents only."
        )

    def test_latents_of_another_vae(self, toy, edit_json):
        edit_json(toy / "vae" / "config.json", latent_channels=16)
        assert str(refused(toy)) == (
            "the VAE has latent_channels=16, the UNet in_channels=4 "
            f"[{toy / 'vae' / 'config.json'}, {toy / 'unet' / 'config.json'}]. They are of two models. {SAVED_TOGETHER}"
        )

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"cross_attention_dim": 63}, "cross_attention_dim=63"),
            ({"cross_attention_dim": [64, 65]}, "cross_attention_dim=[64, 65]"),
            ({"encoder_hid_dim": 128}, "encoder_hid_dim=128"),
        ],
    )
    def test_texts_of_another_text_encoder(self, toy, edit_json, changes, told):
        edit_json(toy / "unet" / "config.json", **changes)
        assert str(refused(toy)) == (
            f"the text encoder has hidden_size=64, the UNet {told} "
            f"[{toy / 'text_encoder' / 'config.json'}, {toy / 'unet' / 'config.json'}]. "
            f"They are of two models (Stable Diffusion 1 has 768, 2 has 1024). {SAVED_TOGETHER}"
        )

    def test_one_width_for_each_block(self, toy, edit_json):
        edit_json(toy / "unet" / "config.json", cross_attention_dim=[64, 64])
        fit(toy)

    def test_texts_that_the_unet_projects(self, toy, edit_json, put):
        edit_json(toy / "unet" / "config.json", encoder_hid_dim=64, cross_attention_dim=32)
        put("unet", {"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (64, 32),
                     "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight": (128, 32)})  # fmt: skip
        fit(toy)

    @pytest.mark.parametrize(
        ("component", "name", "changes", "why"),
        [
            ("text_encoder", "CLIPTextModel", {"hidden_size": ...}, "Object missing required field `hidden_size`"),
            ("unet", "UNet2DConditionModel", {"in_channels": "4"}, "Expected `int`, got `str` - at `$.in_channels`"),
            ("unet", "UNet2DConditionModel", {"block_out_channels": []}, "Expected `array` of length >= 1"),
            ("vae", "AutoencoderKL", {"latent_channels": None}, "Expected `int`, got `null`"),
        ],
    )
    def test_not_of_the_class(self, toy, edit_json, component, name, changes, why):
        file = toy / component / "config.json"
        edit_json(file, **changes)
        error = refused(toy)
        assert error.what.startswith(f"{file} is not the configuration of {name} ({why}")
        assert error.cure == SAVED_TOGETHER


class TestWeights:
    def test_that_fit(self, toy):
        fit(toy)

    def test_names_without_prefix(self, toy, put):
        name = "text_model.embeddings.token_embedding.weight"
        put("text_encoder", {name: ..., name.removeprefix("text_model."): (1024, 64)})
        fit(toy)

    def test_a_tiny_vae(self, toy, edit_json, pack):
        edit_json(toy / "vae" / "config.json", decoder_block_out_channels=[16, 8])
        file = toy / "vae" / "diffusion_pytorch_model.safetensors"
        file.write_bytes(pack({"decoder.layers.0.weight": (16, 4, 3, 3)}))
        fit(toy, vae="AutoencoderTiny")
        file.write_bytes(pack({"decoder.layers.0.weight": (8, 4, 3, 3)}))
        assert "has the shape 8x4x3x3, the configuration says 16x4x3x3" in refused(toy, vae="AutoencoderTiny").what

    @pytest.mark.parametrize(
        ("component", "network", "other", "lacking", "example"),
        [
            ("unet", "UNet2DConditionModel", "vae", "conv_in.weight", "decoder.conv_in.weight"),
            ("vae", "AutoencoderKL", "unet", "decoder.conv_in.weight", "conv_in.weight"),
            ("text_encoder", "CLIPTextModel", "vae", "*embeddings.token_embedding.weight", "decoder.conv_in.weight"),
        ],
    )
    def test_of_another_component(self, toy, pack, tensors, component, network, other, lacking, example):
        (toy / component / f"{WEIGHTS[component]}.safetensors").write_bytes(pack(tensors[other]))
        assert str(refused(toy)) == (
            f"the weights in {toy / component} are not those of {network}: no tensor {lacking!r}; "
            f"it has {example!r}. {SAVED_TOGETHER}"
        )

    def test_none_at_all(self, toy, pack):
        (toy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(pack({}))
        assert refused(toy).what == (
            f"the weights in {toy / 'vae'} are not those of AutoencoderKL: no tensor 'decoder.conv_in.weight'"
        )

    @pytest.mark.parametrize(
        ("component", "name", "shape", "found", "said"),
        [
            ("unet", "conv_in.weight", (64, 9, 3, 3), "64x9x3x3", "64x4x3x3"),
            ("unet", "conv_in.weight", (320, 4, 3, 3), "320x4x3x3", "64x4x3x3"),
            ("unet", "conv_in.weight", (64, 4), "64x4", "64x4x3x3"),
            ("unet", "conv_in.weight", (), "of a single number", "64x4x3x3"),
            ("unet", "conv_out.weight", (8, 64, 3, 3), "8x64x3x3", "4x64x3x3"),
            ("unet", "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", (128, 96), "128x96", "?x64"),
            ("vae", "decoder.conv_in.weight", (64, 16, 3, 3), "64x16x3x3", "64x4x3x3"),
            ("vae", "decoder.conv_out.weight", (3, 64, 3, 3), "3x64x3x3", "3x32x3x3"),
            ("text_encoder", "text_model.embeddings.token_embedding.weight", (1025, 64), "1025x64", "1024x64"),
        ],
    )
    def test_of_another_shape(self, toy, put, component, name, shape, found, said):
        put(component, {name: shape})
        folder = toy / component
        assert str(refused(toy)) == (
            f"tensor {name!r} has the shape {found}, the configuration says {said} "
            f"[{folder / WEIGHTS[component]}.safetensors, {folder / 'config.json'}]. "
            f"They are of two models. {SAVED_TOGETHER}"
        )
