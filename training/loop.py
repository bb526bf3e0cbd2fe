"""What both trainings share: the optimiser, its schedule, averaged weights, the log, stopping in time and going on."""

from __future__ import annotations

import ctypes
import json
import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import checkpoints
import torch
from settings import CHECKPOINTS, RESULTS, Training

Losses = dict[str, torch.Tensor]


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the hardware computes in it: elsewhere it is slower than float32."""
    native = device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001  no public one
    return torch.autocast(device.type, torch.bfloat16, enabled=native)


def keep_memory() -> None:
    """Let glibc keep what tensors free: giving it back costs a page fault for each page of the next step.

    62 samples of the UNet a second became 80 on two cores. The constants are of malloc.h: M_TRIM_THRESHOLD,
    M_TOP_PAD, M_MMAP_THRESHOLD, whose largest value is 32 MiB.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for parameter, value in ((-1, 2**31 - 1), (-2, 256 << 20), (-3, 32 << 20)):
            libc.mallopt(parameter, value)


@dataclass
class Loop:
    """Trains ``network`` on what ``batches`` gives, to the end of the plan or of the time."""

    name: str
    network: torch.nn.Module
    plan: Training
    losses_of: Callable[[torch.Tensor], Losses]
    "indices of a batch's pictures -> losses by name; `total` is the one that is minimised"
    device: torch.device
    samples: int = 0
    averaged: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return CHECKPOINTS / f"{self.name}.safetensors"

    def run(self, batches: Iterator[torch.Tensor], minutes: float, save_every_s: float = 300) -> None:
        """Go on from the checkpoint, if there is one; a checkpoint and a line in the log every few minutes."""
        keep_memory()
        self._resume()
        optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.plan.learning_rate,
            weight_decay=self.plan.weight_decay,
            betas=(0.9, 0.99),
        )
        begun, resumed_at = time.monotonic(), self.samples
        saved, since, sums = begun, begun, {}
        logged_at = self.samples
        while self.samples < self.plan.samples and time.monotonic() - begun < minutes * 60:
            for group in optimiser.param_groups:
                group["lr"] = self._learning_rate(self.samples - resumed_at)
            with autocast(self.device):
                losses = self.losses_of(next(batches))
            optimiser.zero_grad(set_to_none=True)
            losses["total"].backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            optimiser.step()
            self.samples += self.plan.batch
            self._average()
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + value.detach()
            if self.samples - logged_at >= 100 * self.plan.batch:
                now = time.monotonic()
                self._log(logged_at, sums, now - since, optimiser.param_groups[0]["lr"])
                logged_at, since, sums = self.samples, now, {}
                if now - saved > save_every_s:
                    saved = now
                    checkpoints.save(self.checkpoint, self.averaged, self.samples)
        checkpoints.save(self.checkpoint, self.averaged, self.samples)

    def _resume(self) -> None:
        kept = checkpoints.load(self.checkpoint)
        if kept is not None:
            self.network.load_state_dict(kept.tensors)
            self.samples = kept.samples
        self.averaged = {name: t.detach().clone() for name, t in self.network.state_dict().items()}

    def _learning_rate(self, since_resumed: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.samples / self.plan.samples)))
        return self.plan.learning_rate * max(cosine, 0.02) * min(1.0, (since_resumed + 1) / self.plan.warm_up)

    def _average(self) -> None:
        """The average follows faster at the beginning, when there is little to keep."""
        keep = min(self.plan.ema, (1 + self.samples / self.plan.batch) / (10 + self.samples / self.plan.batch))
        for name, tensor in self.network.state_dict().items():
            if tensor.is_floating_point():
                self.averaged[name].lerp_(tensor, 1 - keep)

    def _log(self, since: int, sums: Losses, seconds: float, learning_rate: float) -> None:
        batches = (self.samples - since) / self.plan.batch
        line = {
            "samples": self.samples,
            **{key: round(float(value) / batches, 5) for key, value in sums.items()},
            "learning_rate": float(f"{learning_rate:.3g}"),
            "samples_per_s": round((self.samples - since) / seconds, 1),
        }
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / f"{self.name}.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)


def shuffled(count: int, batch: int, seed: int) -> Iterator[torch.Tensor]:
    """Batches of indices, every index once before any comes again; ``seed`` differs for each resumption."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=generator)
        yield from order[: count - count % batch].split(batch)
