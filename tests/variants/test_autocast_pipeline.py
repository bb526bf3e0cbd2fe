"""The bf16 variants of torch and IPEX, with both stood in for."""

from pytest_sdperf.variants import ipex_bf16, torch_bf16


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
