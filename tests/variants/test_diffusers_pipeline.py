"""Loading the plain pipeline and the bf16 variants of torch and IPEX, with the libraries stood in for."""

import sys

import pytest

from pytest_sdperf.errors import CaseError, ModelError
from pytest_sdperf.variants import fp32, ipex_bf16, torch_bf16
from pytest_sdperf.variants.diffusers_pipeline import load_diffusers_pipeline


def test_loads_safetensors_of_the_folder_only(libraries, context, tmp_path):
    told = context()
    pipeline = fp32.build(told)
    ((folder, kwargs),) = libraries.loaded
    assert folder == tmp_path / "model"
    assert kwargs == {
        "torch_dtype": "float32",
        "use_safetensors": True,
        "local_files_only": True,
        "safety_checker": None,
        "requires_safety_checker": False,
    }
    assert pipeline.quiet is True
    assert list(told.startup_ns) == ["import", "load"]


def test_default_scheduler_is_the_models_own(libraries, context):
    assert type(load_diffusers_pipeline(context()).scheduler).__name__ == "Scheduler"


def test_swaps_the_scheduler_and_keeps_its_noise_schedule(libraries, context):
    scheduler = load_diffusers_pipeline(context(scheduler="Solver")).scheduler
    assert type(scheduler).__name__ == "Solver"
    assert scheduler.config == {"beta_start": 0.1}


@pytest.mark.parametrize("name", ["Slover", "NoScheduler", "__version__"])
def test_refuses_what_is_no_scheduler(libraries, context, name):
    with pytest.raises(CaseError) as error:
        load_diffusers_pipeline(context(scheduler=name))
    assert str(error.value) == (
        f"'{name}' is not a scheduler of diffusers 1.2.3 [Variant.scheduler]. "
        "Use `default` or a class such as DPMSolverMultistepScheduler."
    )


def test_refuses_to_go_without_a_model(libraries, context):
    with pytest.raises(CaseError, match="loads a model, but none was prepared") as error:
        load_diffusers_pipeline(context(model_dir=None))
    assert "needs_model=True" in str(error.value)


@pytest.mark.parametrize("error", [OSError, RuntimeError, ValueError])
def test_a_model_that_diffusers_cannot_load_is_named(libraries, context, monkeypatch, tmp_path, error):
    def refuse(folder, **kwargs):
        raise error("Cannot load: conv_in.weight expected shape (64, 4, 3, 3).\nMore of it")

    monkeypatch.setattr(sys.modules["diffusers"].StableDiffusionPipeline, "from_pretrained", refuse)
    with pytest.raises(ModelError) as caught:
        load_diffusers_pipeline(context())
    assert str(caught.value) == (
        "StableDiffusionPipeline of diffusers 1.2.3 cannot load the model (Cannot load: conv_in.weight expected shape "
        f"(64, 4, 3, 3)) [{tmp_path / 'model'}]. Use a model whose parts were saved together, by "
        "pipeline.save_pretrained(folder). The worker's log has the whole error."
    )


def test_torch_turns_weights_and_draws_under_autocast(libraries, context):
    told = context()
    pipeline = torch_bf16.build(told)
    for module in (pipeline.pipeline.text_encoder, pipeline.pipeline.unet, pipeline.pipeline.vae):
        assert module.done == [("to", {"memory_format": "channels_last"})]
    assert pipeline(prompt="ship", height=64) == {"prompt": "ship", "height": 64}
    assert pipeline(prompt="ship") == {"prompt": "ship"}
    assert pipeline.pipeline.drawn_under == [[("cpu", "bfloat16")]] * 2
    assert libraries.torch.entered == []
    assert list(told.startup_ns) == ["import", "load", "optimize"]


def test_offers_stages_scheduler_tokenizer_and_fp32_latents(libraries, context):
    pipeline = torch_bf16.build(context())
    inside = pipeline.pipeline
    assert pipeline.sdperf_stages() == {
        "text_encoder": (inside.text_encoder, "forward"),
        "unet": (inside.unet, "forward"),
        "vae_decode": (inside.vae, "decode"),
    }
    assert pipeline.scheduler is inside.scheduler
    assert pipeline.tokenizer is inside.tokenizer
    assert (pipeline.sdperf_latents, pipeline.dtype) == ("torch", "float32")


def test_ipex_packs_every_module(libraries, context):
    pipeline = ipex_bf16.build(context(scheduler="Solver"))
    inside = pipeline.pipeline
    assert libraries.optimized == [
        (module, "bfloat16", True) for module in (inside.text_encoder, inside.unet, inside.vae)
    ]
    assert inside.unet.done == [("to", {"memory_format": "channels_last"}), "eval"]
    pipeline(prompt="ship")
    assert inside.drawn_under == [[("cpu", "bfloat16")]]
    assert type(pipeline.scheduler).__name__ == "Solver"
