"""A variant: one way to build the pipeline, with its launch, needs and claims; a case: a variant drawing a workload."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_sdperf.claims import Claim
from pytest_sdperf.errors import CaseError
from pytest_sdperf.model_tag import model_tag
from pytest_sdperf.texts import text_fault
from pytest_sdperf.workload import Workload, size_key

Param = str | int | float | bool

PRECISIONS = ("f32", "bf16", "int8_weights", "int8")
"""What networks may be computed in; `int8_weights`: their weights alone are of 8 bits."""

UNSTATED_PRECISION = "bf16"
"""Counts for a variant that says none."""

REFERENCE_VARIANT = "fp32"
"""Its pictures are the reference of variants that name no other, and speed-ups are relative to its latency."""


@dataclass(frozen=True)
class Launch:
    """How a worker process is started: all of it is in force before its interpreter runs."""

    env: Mapping[str, str] = field(default_factory=dict)
    "environment variables set on top of the session's own"
    preload: tuple[str, ...] = ()
    "libraries for LD_PRELOAD: `jemalloc`, `libiomp5` (both are searched for) or an absolute path"
    pin: bool = False
    """pin the process to one hardware thread of each usable physical core, OMP_NUM_THREADS to their number; where a CPU
    quota allows fewer cores than the affinity, OMP_NUM_THREADS to these and no CPU left out"""

    def __post_init__(self) -> None:
        for name, value in self.env.items():
            _check_text(name, f"Launch.env: the name {name!r}")
            _check_text(value, f"Launch.env: {name}={value!r}")
            if not name or "=" in name:
                raise CaseError(
                    f"Launch.env: {name!r} is not the name of a variable",
                    cure="Write a name without `=`: {'NAME': 'value'}.",
                )
        for library in self.preload:
            _check_text(library, f"Launch.preload: {library!r}")


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
    "the variant whose picture is the reference; None: only its own recorded picture is"
    thresholds: Mapping[str, object] = field(default_factory=dict)
    'its own limits, as the marker takes them ({"min_psnr": "30dB"}); marker, command line and ini come before them'
    needs_model: bool = True
    "False where the factory brings its own weights (a server's client, say): --sdperf-model is then not prepared"
    precision: str = ""
    """how closely its pictures must follow their reference's: as `f32`, `bf16`, `int8_weights` or `int8` can;
    empty: as its claim `kernel_precision` wants it, else as `bf16` can"""
    import_path: tuple[str, ...] = field(default=(), compare=False, repr=False, kw_only=True)
    "set by pytest-sdperf: folders of its conftest and of those above, which come first on its workers' import path"

    libraries: str = field(default="", compare=False, repr=False, kw_only=True)
    """`package.module:function` of pytest-sdperf: imports what the factory will, in the same order, given the model's
    family. It may be called while another case is built."""

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
        if self.precision not in ("", *PRECISIONS):
            raise CaseError(
                f"precision {self.precision!r} of variant {self.name!r} is not known",
                cure=f"Use one of: {', '.join(PRECISIONS)}.",
            )
        texts = (self.summary, self.scheduler, self.reference or "", *self.requirements, *(c.want for c in self.claims))
        for text in texts:
            _check_text(text, f"variant {self.name!r}: {text!r}")
        for name, value in self.params.items():
            _check_param(name, value, f"variant {self.name!r}: params[{name!r}]={value!r}")
        # numpy's float64 is a float that JSON's encoder refuses.
        object.__setattr__(self, "params", {name: _plain(value) for name, value in self.params.items()})

    @property
    def picture_precision(self) -> str:
        """The precision whose limits its pictures are held to, one of PRECISIONS."""
        claimed = [claim.want for claim in self.claims if claim.kind == "kernel_precision"]
        said = [self.precision, *claimed]
        return next((name for name in said if name in PRECISIONS), UNSTATED_PRECISION)

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


def _check_text(value: object, what: str) -> None:
    """Raise CaseError, whose sentence begins with ``what``, for anything that a process cannot be given as a text."""
    if not isinstance(value, str):
        raise CaseError(f"{what} is not a text", cure="Write it as a text, in quotes.")
    if fault := text_fault(value):
        raise CaseError(f"{what} {fault}", cure="Write a text of whole characters.")


def _check_param(name: object, value: object, what: str) -> None:
    """Raise CaseError for a parameter that JSON does not hand on to the worker as it is."""
    _check_text(name, what)
    if isinstance(value, str):
        _check_text(value, what)
        return
    is_whole = isinstance(value, int) and -(2**63) <= value < 2**64
    if not is_whole and not (isinstance(value, float) and math.isfinite(value)):
        raise CaseError(
            f"{what} is not a text, a truth value or a finite number of at most 64 bits",
            cure="Let the factory make objects from such values: it runs in a process of its own.",
        )


def _plain(value: Param) -> Param:
    """The value as one of Python's own types."""
    if isinstance(value, bool):
        return value
    return next((kind(value) for kind in (str, int, float) if isinstance(value, kind)), value)


@dataclass(frozen=True)
class Case:
    """One thing to judge: a variant, resolved for this machine, drawing a workload with a model."""

    variant: Variant
    workload: Workload
    model: str
    "the model by its one name (`models.source.model_name`): `bundled`, `synthetic:tiny`, a folder, a hub id; or `own`"

    @property
    def id(self) -> str:
        """Readable and unique per (variant, model, workload): the stem of the baseline's file name."""
        w = self.workload
        sizes = "+".join(size_key(s) for s in w.sizes)
        plain = Workload(num_inference_steps=w.num_inference_steps, sizes=w.sizes)
        extra = "" if w == plain else f"-{_digest((w.prompts, w.guidance_scale, w.seeds))}"
        return f"{self.variant.name}-{model_tag(self.model)}-{sizes}-{w.num_inference_steps}steps{extra}"


def _digest(value: Any) -> str:
    import hashlib  # only needed for workloads off the default

    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
