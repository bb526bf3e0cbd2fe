"""What a variant promises of what really runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_sdperf.errors import CaseError

CLAIM_KINDS: dict[str, str] = {
    "kernel_precision": "kernels of precision `want` take at least `at_least` of the kernel time",
    "kernel_isa": "kernels of instruction set `want` take at least `at_least` of the kernel time",
    "no_reference_kernels": "no oneDNN `ref` kernel ran",
    "static_shapes": "every input shape of every compiled model is fixed",
    "dynamic_shapes": "the compiled models take inputs of any size",
    "allocator": "malloc resolves to library `want`",
    "allocator_setting": "the allocator reads setting `want` (name=value) back",
    "openmp_runtime": "the OpenMP runtime in use is library `want`",
    "openmp_setting": "the OpenMP runtime reads setting `want` (name=value) back",
    "threads": "the library computes with as many threads as the launch asked for",
    "affinity": "every thread stays on the CPUs that the launch asked for",
    "unet_calls": "the UNet is called `want` times an image (`num_inference_steps` or a number)",
    "fact": "the pipeline itself reports `want` (name=value) in its `sdperf_facts()`",
}
"""Every kind of claim and what it promises; the checks are in ``judge/proof.py``."""


@dataclass(frozen=True)
class Claim:
    """One promise of a variant that must be seen to hold in what really ran."""

    kind: str
    "a key of CLAIM_KINDS"
    want: str = ""
    "what is promised: a precision, an instruction set, a library, name=value; `auto` means: the machine's best"
    at_least: float = 1.0
    "for claims about time: the share (0 to 1) of kernel time that must agree"

    def __post_init__(self) -> None:
        if self.kind not in CLAIM_KINDS:
            raise CaseError(f"unknown claim {self.kind!r}", cure=f"Use one of: {', '.join(CLAIM_KINDS)}.")
        if not (math.isfinite(self.at_least) and 0 < self.at_least <= 1):
            raise CaseError(
                f"claim {self.kind!r} has at_least={self.at_least!r}", cure="Write a share above 0 and up to 1."
            )

    def __str__(self) -> str:
        return f"{self.kind}({self.want})" if self.want else self.kind
