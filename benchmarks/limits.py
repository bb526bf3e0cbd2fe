"""What the machine and the model allow: rates of matrix products, operations of one UNet call. Runs in a worker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


def rates(size: int, repeats: int, precisions: list[str]) -> dict[str, dict[str, list[float]]]:
    """GFLOP/s of each repeat, by precision (``f32``, ``bf16``) and kind, after one unmeasured call.

    Ask for bf16 only where the CPU has it: elsewhere torch multiplies in a plain loop, for a quarter of an hour.

    ``matmul`` multiplies two ``size`` x ``size`` matrices with torch (f32 runs in MKL, bf16 in oneDNN).
    ``convolution_1x1`` is the same product, asked of oneDNN as a 1x1 convolution, channels last: MKL is
    not the fastest f32 on every CPU. ``convolution_3x3`` is no matrix product, but what a UNet mostly
    does; with a third of the channels it has about as many operations.
    """
    import torch

    functional: Any = torch.nn.functional
    found: dict[str, dict[str, list[float]]] = {}
    for precision in precisions:
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
        generator = torch.Generator().manual_seed(0)

        def tensor(*shape: int, dtype: Any = dtype, generator: Any = generator) -> Any:
            drawn = torch.randn(*shape, generator=generator).to(dtype)
            return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn

        a, b = tensor(size, size), tensor(size, size)
        x1, w1 = tensor(1, size, size // 32, 32), tensor(size, size, 1, 1)
        channels = max(32, size // 3 // 32 * 32)
        x3, w3 = tensor(1, channels, size // 32, 32), tensor(channels, channels, 3, 3)
        kinds: dict[str, tuple[int, Callable[[], Any]]] = {
            "matmul": (2 * size**3, partial(torch.mm, a, b)),
            "convolution_1x1": (2 * size * size * (size // 32 * 32), partial(functional.conv2d, x1, w1)),
            "convolution_3x3": (
                # Border pixels have fewer neighbours: 3h - 2 rows of neighbours instead of 3h, likewise columns.
                2 * channels**2 * (3 * (size // 32) - 2) * (3 * 32 - 2),
                partial(functional.conv2d, x3, w3, padding=1),
            ),
        }
        with torch.inference_mode():
            found[precision] = {
                kind: [flop / s / 1e9 for s in _seconds(call, repeats)] for kind, (flop, call) in kinds.items()
            }
    return found


def unet_flop(model_dir: str, height: int, width: int, batch: int) -> dict[str, int]:
    """Floating-point operations of one UNet call, by operation: a multiplication and an addition count 2.

    Counted by torch's FlopCounterMode over tensors without memory (device `meta`); height and width in
    pixels. Attention is made to run as plain matrix products: the fused kernel for CPUs is one that the
    counter does not know (torch 2.8), and it would be left out, 16 % of SD-1.5's UNet at 512 px.
    """
    import diffusers
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    config = json.loads(Path(model_dir, "unet", "config.json").read_text(encoding="utf-8"))
    maker: Any = diffusers.UNet2DConditionModel
    with torch.device("meta"):
        unet = maker.from_config(config)
        latents = torch.empty(batch, config["in_channels"], height // 8, width // 8)
        prompt = torch.empty(batch, 77, config["cross_attention_dim"])
        step = torch.tensor(1)
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        unet(latents, step, prompt)
    counted: dict[Any, int] = counter.get_flop_counts()["Global"]
    return {str(operation).removeprefix("aten."): flop for operation, flop in counted.items()}


def _seconds(call: Callable[[], Any], repeats: int) -> list[float]:
    call()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return spent
