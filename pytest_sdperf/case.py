"""What is measured: a variant (how the pipeline is built), its claims and launch; a case (variant and workload)."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.workload import Workload, picture_key, size_key

__all__ = [
    "CLAIM_KINDS",
    "REFERENCE_VARIANT",
    "Case",
    "Claim",
    "Launch",
    "Param",
    "Variant",
    "Workload",
    "picture_key",
    "size_key",
]

Param = str | int | float | bool

REFERENCE_VARIANT = "fp32"
"""Whose pictures are the truth for variants that name no other, and whose latency speed-ups are told of."""

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


@dataclass(frozen=True)
class Launch:
    """How a worker process is started: all of it is in force before its interpreter runs."""

    env: Mapping[str, str] = field(default_factory=dict)
    "environment variables set on top of the session's own"
    preload: tuple[str, ...] = ()
    "libraries for LD_PRELOAD: `jemalloc`, `libiomp5` (both are searched for) or an absolute path"
    pin: bool = False
    "pin the process to one hardware thread of each usable physical core, OMP_NUM_THREADS to their number"


_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Variant:
    """One way to build the pipeline, with what it needs and what it promises."""

    name: str
    "lower-case identifier; the fixture is sd_<name>"
    factory: str
    "`package.module:function`, imported in the worker only; called as function(build: BuildContext)"
    summary: str = ""
    "one line for people"
    prepare: str = ""
    "`package.module:function`, called the same way once, in a worker of its own, before anything is measured (export)"
    launch: Launch = field(default_factory=Launch)
    "process settings"
    requirements: tuple[str, ...] = ()
    "what the machine must have, e.g. `amx`, `isa:avx512_bf16`, `package:openvino>=2026`, `library:jemalloc`"
    claims: tuple[Claim, ...] = ()
    "what a passing test proves"
    params: Mapping[str, Param] = field(default_factory=dict)
    "keywords of this variant that its factory reads from the context; `auto` means: the machine's best"
    scheduler: str = "default"
    "`default` (the model's own) or a diffusers scheduler class; pictures are only compared within one"
    reference: str | None = REFERENCE_VARIANT
    "the variant whose picture is the truth; None: only its own stored picture is"
    thresholds: Mapping[str, object] = field(default_factory=dict)
    'its own limits, as the marker takes them ({"min_psnr": "30dB"}); marker, command line and ini come before them'
    needs_model: bool = True
    "False where the factory brings its own weights (a server's client, say): --sdperf-model is then not prepared"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise CaseError(
                f"variant name {self.name!r} is not usable in a fixture's name",
                cure="Use lower-case letters, digits and underscores, beginning with a letter.",
            )
        for role in ("factory", "prepare"):
            named = getattr(self, role)
            if (named or role == "factory") and not _FACTORY.fullmatch(named):
                raise CaseError(
                    f"{role} {named!r} of variant {self.name!r} cannot be imported",
                    cure="Write it as `package.module:function`.",
                )

    def on(self, *, precision: str, isa: str) -> Variant:
        """The variant with every `auto` replaced by the machine's best precision and instruction set.

        Where the best precision is f32, `kernel_isa(auto)` is left out: f32 kernels need no instruction set of
        their own, and libraries mix several.
        """
        best = {"precision": precision, "kernel_precision": precision, "kernel_isa": isa}
        params = {k: best.get(k, v) if v == "auto" else v for k, v in self.params.items()}
        claims = tuple(
            dataclasses.replace(c, want=best[c.kind]) if c.want == "auto" and c.kind in best else c
            for c in self.claims
            if not (precision == "f32" and c.kind == "kernel_isa" and c.want == "auto")
        )
        return dataclasses.replace(self, params=params, claims=claims)


@dataclass(frozen=True)
class Case:
    """One thing to judge: a variant, resolved for this machine, drawing a workload with a model."""

    variant: Variant
    workload: Workload
    model: str
    "the model as the user names it: `bundled`, `synthetic:tiny`, a folder, a hub id"

    @property
    def id(self) -> str:
        """Readable and unique per (variant, model, workload): the stem of the baseline's file name."""
        w = self.workload
        sizes = "+".join(size_key(s) for s in w.sizes)
        plain = Workload(num_inference_steps=w.num_inference_steps, sizes=w.sizes)
        extra = "" if w == plain else f"-{_digest((w.prompts, w.guidance_scale, w.seeds))}"
        model = re.sub(r"[^A-Za-z0-9]+", "-", self.model.rstrip("/").rsplit("/", 1)[-1]).strip("-") or "model"
        return f"{self.variant.name}-{model}-{sizes}-{w.num_inference_steps}steps{extra}"


def _digest(value: Any) -> str:
    import hashlib  # only needed for workloads off the default

    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
