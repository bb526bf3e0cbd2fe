"""Loading and compiling the exported model, with optimum-intel stood in for."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.variants import openvino, openvino_static, optimum_pipeline


class Part:
    def __init__(self, model):
        self.model = model
        self.request = None

    def forward(self):
        return self.request


class Model:
    """An ov.Model: reshape works in place, a clone is one of its own."""

    def __init__(self, shape="?"):
        self.shape = shape

    def clone(self):
        return Model(self.shape)


class Pipeline:
    """An OVStableDiffusionPipeline."""

    def __init__(self):
        self.text_encoder, self.unet, self.vae_decoder = Part(Model()), Part(Model()), Part(Model())
        self.scheduler = SimpleNamespace(config={})
        self.tokenizer = object()
        self.compilations = []
        self.drawn = []

    def set_progress_bar_config(self, *, disable):
        self.quiet = disable

    def reshape(self, *, batch_size, height, width, num_images_per_prompt):
        assert (batch_size, num_images_per_prompt) == (1, 1)
        for part in (self.text_encoder, self.unet, self.vae_decoder):
            part.model.shape = (height, width)
            part.request = None

    def compile(self):
        for name in ("text_encoder", "unet", "vae_decoder"):
            part = getattr(self, name)
            if part.request is None:
                part.request = f"{name} compiled for {part.model.shape}"
                self.compilations.append(part.request)

    def __call__(self, **kwargs):
        self.drawn.append((self.unet.request, self.vae_decoder.request, self.unet.model.shape))
        return kwargs


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    """What from_pretrained was asked for, and what it gave."""
    asked = []

    def from_pretrained(folder, **kwargs):
        asked.append(SimpleNamespace(folder=folder, kwargs=kwargs, pipeline=Pipeline()))
        return asked[-1].pipeline

    intel = ModuleType("optimum.intel")
    intel.OVStableDiffusionPipeline = SimpleNamespace(from_pretrained=from_pretrained)
    monkeypatch.setitem(sys.modules, "optimum", ModuleType("optimum"))
    monkeypatch.setitem(sys.modules, "optimum.intel", intel)
    monkeypatch.setattr(optimum_pipeline, "exported_folder", lambda context: tmp_path / "exported")
    return asked


def test_openvino_compiles_once_for_every_size(loaded, context, tmp_path):
    told = context(params={"precision": "bf16"})
    pipeline = openvino.build(told)
    (asked,) = loaded
    assert asked.folder == tmp_path / "exported"
    assert asked.kwargs == {
        "export": False,
        "compile": False,
        "dynamic_shapes": True,
        "ov_config": {"INFERENCE_PRECISION_HINT": "bf16"},
        "vae_encoder": None,
        "safety_checker": None,
        "local_files_only": True,
    }
    assert pipeline.compilations == ["text_encoder compiled for ?", "unet compiled for ?", "vae_decoder compiled for ?"]
    assert pipeline.quiet
    assert list(told.startup_ns) == ["import", "load", "compile"]


@pytest.mark.parametrize("params", [{}, {"precision": "auto"}, {"precision": "int8"}])
def test_refuses_to_leave_the_precision_open(loaded, context, params):
    with pytest.raises(CaseError) as error:
        openvino.build(context(params=params))
    assert str(error.value) == (
        f"precision={params.get('precision')!r} is not one that OpenVINO computes in [Variant.params]. "
        "Use one of: bf16, f16, f32, or `auto`."
    )


@pytest.fixture
def static(loaded, context):
    """A static pipeline of two sizes."""
    return openvino_static.build(context(params={"precision": "f32"}, sizes=((64, 64), (32, 96))))


def test_static_compiles_unet_and_vae_for_each_size(static, loaded):
    assert loaded[0].kwargs["dynamic_shapes"] is False
    assert static.pipeline.compilations == [
        "text_encoder compiled for (64, 64)",
        "unet compiled for (64, 64)",
        "vae_decoder compiled for (64, 64)",
        "unet compiled for (32, 96)",
        "vae_decoder compiled for (32, 96)",
    ]
    assert static.sdperf_compiled_models() == {
        "text_encoder": "text_encoder compiled for (64, 64)",
        "unet 64x64": "unet compiled for (64, 64)",
        "vae_decoder 64x64": "vae_decoder compiled for (64, 64)",
        "unet 32x96": "unet compiled for (32, 96)",
        "vae_decoder 32x96": "vae_decoder compiled for (32, 96)",
    }


def test_static_draws_each_size_with_its_own_models(static):
    for size in ((32, 96), (64, 64), (32, 96)):
        given = static(height=size[0], width=size[1], guidance_scale=7.5, prompt="ship")
        assert given == {"height": size[0], "width": size[1], "guidance_scale": 7.5, "prompt": "ship"}
        assert static.pipeline.drawn[-1] == (f"unet compiled for {size}", f"vae_decoder compiled for {size}", size)


def test_static_refuses_a_size_that_was_not_built(static):
    with pytest.raises(CaseError) as error:
        static(height=96, width=32, guidance_scale=7.5)
    assert str(error.value) == (
        "no static pipeline was built for 96x32. Name that size in the case; built: 64x64, 32x96."
    )


def test_static_needs_guidance_above_one(static):
    with pytest.raises(CaseError, match=r"guidance_scale=1 draws without guidance, in batches of 1"):
        static(height=64, width=64, guidance_scale=1)
    static(height=64, width=64, guidance_scale=1.01)


def test_static_offers_stages_scheduler_and_tokenizer(static):
    inside = static.pipeline
    assert static.sdperf_stages() == {
        "text_encoder": (inside.text_encoder, "forward"),
        "unet": (inside.unet, "forward"),
        "vae_decode": (inside.vae_decoder, "forward"),
    }
    assert static.scheduler is inside.scheduler
    assert static.tokenizer is inside.tokenizer
    assert static.sdperf_latents == "torch"
