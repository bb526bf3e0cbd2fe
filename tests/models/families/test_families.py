"""What every family says fits together, so that one that is added cannot contradict itself or another."""

import json
import subprocess
import sys

import pytest

from pytest_sdperf.models.families import CALLED, DECODERS, DENOISERS, FAMILIES, family_of
from pytest_sdperf.models.families.family import Latents
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request):
    return request.param


def test_a_family_is_known_by_any_of_its_pipelines_classes(family):
    for name in family.pipelines:
        assert family_of(["object", name]) is family
    assert family_of(["FluxPipeline", "object"]) is None
    assert family_of([]) is None


def test_what_it_names_is_there(family):
    components = {component.name: component for component in family.components}
    stages = [stage.name for stage in family.stages]
    assert {family.denoiser, family.decoder} <= {*stages}
    assert {*family.tokenizers} <= {*components}
    assert {stage.torch[0] for stage in family.stages} <= {*family.weights}
    settings = [family.input_channels, family.sample_size, *(s for m in family.matches for s in (m.one, m.other))]
    assert all(components[setting.component].config == "config.json" for setting in settings)


def test_weights_can_be_distinguished_from_those_of_other_components(family):
    assert all(component.classes and component.own_tensor for component in family.components if component.weights)


def test_stages_of_one_name_are_alike_in_every_family(family):
    for stage in family.stages:
        assert CALLED[stage.name] == stage.called


def test_the_call_asks_for_one_picture_as_an_array(family):
    asked = {"prompt": "ship", "steps": 4, "guidance": 7.5, "height": 64, "width": 96, "latents": "noise"}
    assert family.call(**asked) == {
        "prompt": "ship",
        "num_inference_steps": 4,
        "guidance_scale": 7.5,
        "height": 64,
        "width": 96,
        "latents": "noise",
        "output_type": "np",
    }


def test_latents_have_a_shape_for_every_size():
    assert Latents(channels=4, scale=8).shape(512, 768) == (1, 4, 64, 96)


def test_names_of_stable_diffusion():
    assert CALLED == {"text_encoder": "text encoder", "unet": "UNet", "vae_decode": "VAE decoder"}
    assert ({"unet"}, {"vae_decode"}) == (DENOISERS, DECODERS)
    assert list(STABLE_DIFFUSION.weights) == ["text_encoder", "unet", "vae"]


def test_families_are_light_to_import():
    code = "import sys, json, pytest_sdperf.models.families; print(json.dumps([*sys.modules]))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"torch", "diffusers", "numpy", "msgspec"} & {*loaded}
