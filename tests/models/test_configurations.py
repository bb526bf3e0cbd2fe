from __future__ import annotations

from pathlib import Path

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.configurations import check_classes, check_fit, family_of_folder, native_size
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION

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


def refused(folder):
    with pytest.raises(ModelError) as caught:
        check_fit(STABLE_DIFFUSION, folder)
    return caught.value


def test_the_family_is_that_of_the_pipelines_class(toy, edit_json):
    assert family_of_folder(toy) is STABLE_DIFFUSION
    for name in ("FluxPipeline", None, ["StableDiffusionPipeline"]):
        edit_json(toy / "model_index.json", _class_name=name)
        with pytest.raises(ModelError) as caught:
            family_of_folder(toy)
        assert str(caught.value) == (
            f"{toy / 'model_index.json'} describes a {name!r} pipeline. Use a model of StableDiffusionPipeline."
        )


class TestClasses:
    @pytest.mark.parametrize("vae", ["AutoencoderKL", "AutoencoderTiny"])
    def test_those_of_stable_diffusion(self, vae):
        check_classes(STABLE_DIFFUSION, {**CLASSES, "vae": vae}, INDEX)

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
            check_classes(STABLE_DIFFUSION, {**CLASSES, component: name}, INDEX)
        assert str(caught.value) == (
            f"{INDEX} gives the component {component!r} the class {name!r}. "
            f"Use a model of Stable Diffusion 1 or 2, where it is {known}."
        )

    @pytest.mark.parametrize("component", ["text_encoder_2", "transformer"])
    def test_a_component_too_many(self, component):
        with pytest.raises(ModelError) as caught:
            check_classes(STABLE_DIFFUSION, {**CLASSES, component: "CLIPTextModel"}, INDEX)
        assert str(caught.value) == (
            f"{INDEX} has the component {component!r}, which no StableDiffusionPipeline has. "
            "Use a model of Stable Diffusion 1 or 2, which has: text_encoder, tokenizer, unet, vae, scheduler."
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
            "Use a text-to-image model, which is shown the 4 channels of latents only."
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
        check_fit(STABLE_DIFFUSION, toy)

    def test_texts_that_the_unet_projects(self, toy, edit_json):
        edit_json(toy / "unet" / "config.json", encoder_hid_dim=64, cross_attention_dim=32)
        check_fit(STABLE_DIFFUSION, toy)

    @pytest.mark.parametrize("value", [..., None])
    @pytest.mark.parametrize(
        ("component", "key", "lacking"),
        [
            ("text_encoder", "hidden_size", "hidden_size"),
            ("unet", "in_channels", "in_channels"),
            ("unet", "cross_attention_dim", "encoder_hid_dim or cross_attention_dim"),
            ("vae", "latent_channels", "latent_channels"),
        ],
    )
    def test_a_configuration_that_does_not_say(self, toy, edit_json, component, key, lacking, value):
        file = toy / component / "config.json"
        edit_json(file, **{key: value})
        assert str(refused(toy)) == f"{file} does not say {lacking}. {SAVED_TOGETHER}"

    @pytest.mark.parametrize(("component", "key"), [("unet", "in_channels"), ("vae", "latent_channels")])
    def test_a_value_of_another_type_is_another_value(self, toy, edit_json, component, key):
        edit_json(toy / component / "config.json", **{key: "4"})
        assert f"{key}=4" in refused(toy).what


class TestNativeSize:
    @pytest.mark.parametrize(
        ("sample_size", "size"), [(64, (512, 512)), (8, (64, 64)), ([96, 64], (768, 512)), (128, (1024, 1024))]
    )
    def test_the_unets_side_times_pixels_per_latent(self, toy, edit_json, sample_size, size):
        edit_json(toy / "unet" / "config.json", sample_size=sample_size)
        assert native_size(toy) == size

    @pytest.mark.parametrize("sample_size", [..., None, "64", [64], ["a", "b"], {"height": 1, "width": 2}, 6.5])
    def test_a_model_that_does_not_say(self, toy, edit_json, sample_size):
        edit_json(toy / "unet" / "config.json", sample_size=sample_size)
        with pytest.raises(ModelError, match="the model's own picture size cannot be read") as raised:
            native_size(toy)
        assert raised.value.where == str(toy / "unet" / "config.json")
        assert raised.value.cure == "Give height and width."

    @pytest.mark.parametrize("content", [None, b"{", b'{"sample_size": "\xff"}'])
    def test_a_configuration_that_cannot_be_read(self, toy, content):
        file = toy / "unet" / "config.json"
        file.unlink() if content is None else file.write_bytes(content)
        with pytest.raises(ModelError, match="the model's own picture size cannot be read"):
            native_size(toy)
