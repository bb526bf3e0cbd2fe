"""Faults of a diffusers pipeline, each put in for real: `build` functions of variants, imported in the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_sdperf import Variant
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.variants import fp32

Keywords = dict[str, Any]
Change = Callable[[Any], None]
"""Changes a pipeline in place."""


def build(context: BuildContext) -> Any:
    """fp32 with the fault that the variant's parameter `fault` names."""
    pipeline = fp32.build(context)
    FAULTS[str(context.params["fault"])](pipeline)
    return pipeline


def variants() -> list[Variant]:
    """One variant for each fault: `fault_<name>`, compared with fp32."""
    return [
        Variant(
            name=f"fault_{name}",
            factory=f"{__name__}:build",
            requirements=fp32.FP32_REQUIREMENTS,
            params={"fault": name},
            summary=str(change.__doc__),
        )
        for name, change in FAULTS.items()
    ]


def _asked_otherwise(pipeline: Any, change: Callable[[Keywords], Keywords]) -> None:
    """Let every call have other keywords."""
    original = type(pipeline)

    def call(self: Any, **keywords: Any) -> Any:
        return original.__call__(self, **change(keywords))

    pipeline.__class__ = type(original.__name__, (original,), {"__call__": call})


def _repainted(pipeline: Any, change: Callable[[Any], Any]) -> None:
    """Let every call's pictures, (n, height, width, 3) in 0..1, be changed."""
    original = type(pipeline)

    def call(self: Any, **keywords: Any) -> Any:
        answer = original.__call__(self, **keywords)
        answer.images = change(answer.images)
        return answer

    pipeline.__class__ = type(original.__name__, (original,), {"__call__": call})


def _rescheduled(pipeline: Any, name: str = "", **config: Any) -> None:
    import diffusers

    scheduler_class = getattr(diffusers, name) if name else type(pipeline.scheduler)
    pipeline.scheduler = scheduler_class.from_config({**pipeline.scheduler.config, **config})


def one_step_less(pipeline: Any) -> None:
    """19 of 20 steps"""
    _asked_otherwise(pipeline, lambda k: {**k, "num_inference_steps": k["num_inference_steps"] - 1})


def less_guidance(pipeline: Any) -> None:
    """guidance 10 % lower (7.5 -> 6.75)"""
    _asked_otherwise(pipeline, lambda k: {**k, "guidance_scale": k["guidance_scale"] * 0.9})


def other_scheduler(pipeline: Any) -> None:
    """DPMSolverMultistep instead of PNDM"""
    _rescheduled(pipeline, "DPMSolverMultistepScheduler")


def ddim(pipeline: Any) -> None:
    """DDIM instead of PNDM"""
    _rescheduled(pipeline, "DDIMScheduler")


def linear_betas(pipeline: Any) -> None:
    """beta_schedule linear instead of scaled_linear"""
    _rescheduled(pipeline, beta_schedule="linear")


def no_offset(pipeline: Any) -> None:
    """steps_offset 0 instead of 1"""
    _rescheduled(pipeline, steps_offset=0)


def vae_scale_up(pipeline: Any) -> None:
    """VAE scaling factor 5 % too large"""
    pipeline.vae.register_to_config(scaling_factor=pipeline.vae.config.scaling_factor * 1.05)


def vae_scale_down(pipeline: Any) -> None:
    """VAE scaling factor 5 % too small"""
    pipeline.vae.register_to_config(scaling_factor=pipeline.vae.config.scaling_factor * 0.95)


def no_cross_attention(pipeline: Any) -> None:
    """one cross-attention's output zeroed"""
    _last_attention(pipeline.unet).to_out[0].register_forward_hook(lambda *given: given[-1] * 0)


def no_skip(pipeline: Any) -> None:
    """one skip connection into the last block zeroed"""
    block = pipeline.unet.up_blocks[-1]
    forward = block.forward

    def without(*inputs: Any, res_hidden_states_tuple: Any, **keywords: Any) -> Any:
        *kept, last = res_hidden_states_tuple
        return forward(*inputs, res_hidden_states_tuple=(*kept, last * 0), **keywords)

    block.forward = without


def scaled_convolution(pipeline: Any) -> None:
    """the output of one UNet convolution 2 % larger"""
    convolution = pipeline.unet.up_blocks[-1].resnets[-1].conv2
    convolution.register_forward_hook(lambda *given: given[-1] * 1.02)


def short_text_encoder(pipeline: Any) -> None:
    """the text encoder without its last layer"""
    encoder = getattr(pipeline.text_encoder, "text_model", pipeline.text_encoder).encoder
    encoder.layers = encoder.layers[:-1]


def prompt_cut(pipeline: Any) -> None:
    """the prompt's last word cut off"""
    _asked_otherwise(pipeline, lambda k: {**k, "prompt": k["prompt"].rpartition(" ")[0]})


def latents_in_bf16(pipeline: Any) -> None:
    """latents drawn in bf16 from the same seed"""
    import torch

    def redrawn(keywords: Keywords) -> Keywords:
        shape = keywords["latents"].shape
        drawn = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.bfloat16)
        return {**keywords, "latents": drawn.float()}

    _asked_otherwise(pipeline, redrawn)


def channels_swapped(pipeline: Any) -> None:
    """red and blue exchanged"""
    _repainted(pipeline, lambda images: images[..., ::-1])


def half_pixel_shift(pipeline: Any) -> None:
    """moved by half a pixel to the right"""
    _repainted(pipeline, lambda images: (images + images[:, :, [0, *range(images.shape[2] - 1)]]) / 2)


def clipped(pipeline: Any) -> None:
    """highlights cut at 0.9"""
    _repainted(pipeline, lambda images: images.clip(0, 0.9))


def gamma(pipeline: Any) -> None:
    """gamma 1.1"""
    _repainted(pipeline, lambda images: images**1.1)


def six_bits(pipeline: Any) -> None:
    """UNet weights rounded to 6 bits"""
    _rounded(pipeline.unet, bits=6)


def five_bits(pipeline: Any) -> None:
    """UNet weights rounded to 5 bits"""
    _rounded(pipeline.unet, bits=5)


def nan(pipeline: Any) -> None:
    """NaN everywhere"""
    _repainted(pipeline, lambda images: images * float("nan"))


def black(pipeline: Any) -> None:
    """all black"""
    _repainted(pipeline, lambda images: images * 0)


def _last_attention(unet: Any) -> Any:
    """The last cross-attention that the UNet goes through."""
    return [module for name, module in unet.named_modules() if name.endswith("attn2")][-1]


def _rounded(network: Any, *, bits: int) -> None:
    """Symmetric, one scale for each output channel, as weight-only quantization does it."""
    import torch

    levels = 2 ** (bits - 1) - 1
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim < 2:
                continue
            scale = weight.abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True) / levels
            weight.copy_((weight / scale.clamp(min=1e-12)).round() * scale)


FAULTS: dict[str, Change] = {
    change.__name__: change
    for change in (
        one_step_less,
        less_guidance,
        other_scheduler,
        ddim,
        linear_betas,
        no_offset,
        vae_scale_up,
        vae_scale_down,
        no_cross_attention,
        no_skip,
        scaled_convolution,
        short_text_encoder,
        prompt_cut,
        latents_in_bf16,
        channels_swapped,
        half_pixel_shift,
        clipped,
        gamma,
        six_bits,
        five_bits,
        nan,
        black,
    )
}
