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
            precision="f32" if name in F32 else "bf16",
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


def negative_prompt(pipeline: Any) -> None:
    """a negative prompt that nobody asked for"""
    _asked_otherwise(pipeline, lambda k: {**k, "negative_prompt": "blurry"})


def guidance_rescaled(pipeline: Any) -> None:
    """guidance rescaled by 0.7"""
    _asked_otherwise(pipeline, lambda k: {**k, "guidance_rescale": 0.7})


def other_padding(pipeline: Any) -> None:
    """prompts padded with token 0 instead of the end token"""
    pipeline.tokenizer.pad_token = pipeline.tokenizer.convert_ids_to_tokens(0)


def embeddings_shifted(pipeline: Any) -> None:
    """the text embeddings moved by one position"""
    encode = pipeline.encode_prompt

    def moved(*inputs: Any, **keywords: Any) -> Any:
        return tuple(None if e is None else e.roll(1, dims=1) for e in encode(*inputs, **keywords))

    pipeline.encode_prompt = moved


def attention_scale(pipeline: Any) -> None:
    """the scale of every attention of the UNet 10 % larger"""
    for name, module in pipeline.unet.named_modules():
        if name.endswith(("attn1", "attn2")):
            module.to_q.register_forward_hook(lambda *given: given[-1] * 1.1)


def coarse_softmax(pipeline: Any) -> None:
    """attention computed in bf16 throughout the UNet, in a variant that says f32"""
    import torch

    class InBf16:
        def __init__(self, processor: Any) -> None:
            self.processor = processor

        def __call__(self, attention: Any, hidden: Any, encoder_hidden_states: Any = None, **keywords: Any) -> Any:
            def low(value: Any) -> Any:
                return value.to(torch.bfloat16) if torch.is_tensor(value) else value

            with torch.autocast("cpu", torch.bfloat16):
                answer = self.processor(
                    attention, low(hidden), encoder_hidden_states=low(encoder_hidden_states), **keywords
                )
            return answer.to(hidden.dtype)

    pipeline.unet.set_attn_processor(
        {name: InBf16(processor) for name, processor in pipeline.unet.attn_processors.items()}
    )


def heads_swapped(pipeline: Any) -> None:
    """two heads of one attention exchanged behind its keys and values"""
    import torch

    attention = _last_attention(pipeline.unet)
    size = attention.to_v.weight.shape[0] // attention.heads
    order = torch.arange(attention.to_v.weight.shape[0])
    order[:size], order[size : 2 * size] = torch.arange(size, 2 * size), torch.arange(size)
    with torch.no_grad():
        attention.to_v.weight.copy_(attention.to_v.weight[order])


def large_epsilon(pipeline: Any) -> None:
    """epsilon of the UNet's group normalisations 1e-2 instead of 1e-5"""
    for module in _normalisations(pipeline.unet):
        module.eps = 1e-2


def fewer_groups(pipeline: Any) -> None:
    """one group normalisation with half as many groups"""
    module = _normalisations(pipeline.unet)[-1]
    module.num_groups //= 2


def other_seed(pipeline: Any) -> None:
    """latents of another seed"""
    import torch

    _with_latents(pipeline, lambda latents: torch.randn(latents.shape, generator=torch.Generator().manual_seed(1000)))


def louder_noise(pipeline: Any) -> None:
    """latents 2 % larger"""
    _with_latents(pipeline, lambda latents: latents * 1.02)


def noise_offset(pipeline: Any) -> None:
    """latents moved by 0.05"""
    _with_latents(pipeline, lambda latents: latents + 0.05)


def lower_order(pipeline: Any) -> None:
    """PNDM without its linear multistep: each prediction by itself"""
    import diffusers

    class FirstOrder(diffusers.PNDMScheduler):  # type: ignore[misc]
        def step_plms(self, model_output: Any, *inputs: Any, **keywords: Any) -> Any:
            if self.counter > 1:  # its weights add up to 1
                self.ets = [model_output] * 3
            return super().step_plms(model_output, *inputs, **keywords)

    pipeline.scheduler = FirstOrder.from_config(pipeline.scheduler.config)


def other_final_sigma(pipeline: Any) -> None:
    """set_alpha_to_one where the model has it not, or the other way round"""
    _rescheduled(pipeline, set_alpha_to_one=not pipeline.scheduler.config.set_alpha_to_one)


def other_prediction(pipeline: Any) -> None:
    """prediction_type v_prediction instead of epsilon"""
    _rescheduled(pipeline, prediction_type="v_prediction")


def other_spacing(pipeline: Any) -> None:
    """timestep_spacing trailing instead of leading"""
    _rescheduled(pipeline, timestep_spacing="trailing")


def noisy_weights(pipeline: Any) -> None:
    """noise of 1 % on the UNet's weights"""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in pipeline.unet.parameters():
            weight.mul_(1 + 0.01 * torch.randn(weight.shape, generator=generator))


def transposed(pipeline: Any) -> None:
    """one square weight of the UNet transposed"""
    import torch

    square = [w for w in pipeline.unet.parameters() if w.ndim == 2 and w.shape[0] == w.shape[1]]
    with torch.no_grad():
        square[-1].copy_(square[-1].T.clone())


def other_checkpoint(pipeline: Any) -> None:
    """the text encoder's weights in another order, as of another checkpoint"""
    import torch

    with torch.no_grad():
        for weight in pipeline.text_encoder.parameters():
            weight.copy_(weight.flip(0))


def tiled_decoder(pipeline: Any) -> None:
    """the VAE decodes in tiles"""
    pipeline.vae.enable_tiling()
    pipeline.vae.tile_latent_min_size = 8
    pipeline.vae.tile_sample_min_size = 64


def half_decoder(pipeline: Any) -> None:
    """the VAE's weights rounded to bf16, in a variant that says f32"""
    _with_weights(pipeline.vae, lambda weight: weight.bfloat16().float())


def louder_decoder(pipeline: Any) -> None:
    """the output of the VAE's last convolution 2 % larger"""
    pipeline.vae.decoder.conv_out.register_forward_hook(lambda *given: given[-1] * 1.02)


def rounded_down(pipeline: Any) -> None:
    """pictures cut down to 6 bits a channel"""
    import numpy as np

    _repainted(pipeline, lambda images: np.floor(images * 63) / 63)


def narrow_range(pipeline: Any) -> None:
    """16 to 235 of 255 in place of 0 to 255"""
    _repainted(pipeline, lambda images: 16 / 255 + images * (219 / 255))


def flipped(pipeline: Any) -> None:
    """left and right exchanged"""
    _repainted(pipeline, lambda images: images[:, :, ::-1])


def row_shifted(pipeline: Any) -> None:
    """one row moved by a pixel"""

    def moved(images: Any) -> Any:
        changed = images.copy()
        middle = images.shape[1] // 2
        changed[:, middle, 1:] = images[:, middle, :-1]
        return changed

    _repainted(pipeline, moved)


def _normalisations(network: Any) -> list[Any]:
    import torch

    return [module for module in network.modules() if isinstance(module, torch.nn.GroupNorm)]


def _with_latents(pipeline: Any, change: Callable[[Any], Any]) -> None:
    """Let every call start from other latents."""
    _asked_otherwise(pipeline, lambda k: {**k, "latents": change(k["latents"])})


def _with_weights(network: Any, change: Callable[[Any], Any]) -> None:
    import torch

    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(change(weight))


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


BY_LINK: dict[str, tuple[Change, ...]] = {
    "UNet calls": (one_step_less, other_scheduler, ddim),
    "text encoder tokens": (prompt_cut, negative_prompt, other_padding),
    "text encoder output": (short_text_encoder, other_checkpoint),
    "UNet timestep": (no_offset, other_spacing),
    "UNet conditioning": (embeddings_shifted,),
    "UNet latents": (
        latents_in_bf16,
        other_seed,
        louder_noise,
        noise_offset,
        less_guidance,
        guidance_rescaled,
        linear_betas,
        lower_order,
        other_prediction,
    ),
    "UNet output": (
        no_cross_attention,
        no_skip,
        attention_scale,
        heads_swapped,
        coarse_softmax,
        large_epsilon,
        fewer_groups,
        six_bits,
        five_bits,
        noisy_weights,
        transposed,
        scaled_convolution,
    ),
    "VAE decoder latents": (vae_scale_up, vae_scale_down, other_final_sigma),
    "VAE decoder output": (tiled_decoder, half_decoder, louder_decoder),
    "picture": (
        channels_swapped,
        half_pixel_shift,
        clipped,
        gamma,
        nan,
        black,
        rounded_down,
        narrow_range,
        flipped,
        row_shifted,
    ),
}
"""The link that each must be named by -> the faults."""

FAULTS: dict[str, Change] = {change.__name__: change for changes in BY_LINK.values() for change in changes}

LINKS = {change.__name__: link for link, changes in BY_LINK.items() for change in changes}

F32 = frozenset({"coarse_softmax", "half_decoder"})
"""Faults of a variant that says it computes in f32; in bf16 they would be honest. All others are looked for in bf16."""
