"""Claims: promises of a variant about what really runs, each with its check. Nothing seen proves nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import msgspec

from pytest_sdperf.claims.drawn_anew import drawn_anew
from pytest_sdperf.claims.kernels import (
    ISA_RANKS,
    canonical_isa,
    canonical_precision,
    is_multiplication,
    isa_of,
    may_not_be_reference,
    reference_kernels,
    share_of_time,
    shows_no_isa,
)
from pytest_sdperf.claims.stage_calls import STAGE_CALLS, UNET_CALLS, stage_calls
from pytest_sdperf.errors import CaseError
from pytest_sdperf.measurement import Evidence, KernelTime
from pytest_sdperf.wording import apart, plain_share, plural
from pytest_sdperf.workload import Workload

_ROUNDING = 1e-9
"""Sums of milliseconds are floats: a share of 1 may come out one rounding error short."""

DRAWN_ANEW = "drawn_anew"
"""The kind of claim that holds of every variant, whether it makes it or not."""


@dataclass(frozen=True)
class Claim:
    """One promise of a variant about what runs, which a test checks against what was seen."""

    kind: str
    "a key of CLAIM_KINDS"
    want: str = ""
    "what is promised: a precision, an instruction set, a library, name=value; `auto` means: the machine's best"
    at_least: float = 1.0
    "for claims about time: the share (0 to 1) of kernel time that must agree"

    def __post_init__(self) -> None:
        if not isinstance(self.want, str):
            raise CaseError(f"claim {self.kind!r} has want={self.want!r}", cure="Write it as a text.")
        if self.kind not in CLAIM_KINDS:
            raise CaseError(f"unknown claim {self.kind!r}", cure=f"Use one of: {', '.join(CLAIM_KINDS)}.")
        if not (math.isfinite(self.at_least) and 0 < self.at_least <= 1):
            raise CaseError(
                f"claim {self.kind!r} has at_least={self.at_least!r}", cure="Write a share above 0 and up to 1."
            )

    def __str__(self) -> str:
        return _name(self.kind, self.want, self.at_least)


class CheckedClaim(msgspec.Struct, frozen=True):
    """One claim, compared with the evidence."""

    kind: str
    "a key of CLAIM_KINDS"
    want: str
    at_least: float
    "the share (0 to 1) of kernel time that had to agree; 1 for claims that are not about time"
    holds: bool
    seen: str
    "what was seen, with the limit where there is one"
    share: float | None = None
    "the share of kernel time that agreed; None for claims that are not about time, and where no time was seen"

    @property
    def name(self) -> str:
        """The claim as people read it: `kernel_precision(bf16, at least 90 %)`."""
        return _name(self.kind, self.want, self.at_least)


def _name(kind: str, want: str, at_least: float) -> str:
    """Claims that differ in anything read differently."""
    share = "" if at_least == 1 else f"at least {at_least * 100:.10g} %"
    given = ", ".join(text for text in (want, share) if text)
    return f"{kind}({given})" if given else kind


Check = Callable[[Claim, Evidence, Workload], CheckedClaim]


@dataclass(frozen=True)
class ClaimKind:
    """One kind of claim, whole."""

    promise: str
    "what it promises, for people; `want` and `at_least` are the claim's own"
    check: Check
    word: str = ""
    "its word in the table of cases; empty: what was wanted says it"
    shows_share: bool = False
    "whether the table shows the share of kernel time that agreed"
    is_setting: bool = False
    "whether the table only counts them: they are many and alike"


def check_claim(claim: Claim, evidence: Evidence, workload: Workload) -> CheckedClaim:
    """Compare one claim of any kind with what was seen."""
    return CLAIM_KINDS[claim.kind].check(claim, evidence, workload)


def _checked(claim: Claim, seen: str, share: float | None = None, *, holds: bool) -> CheckedClaim:
    return CheckedClaim(claim.kind, claim.want, claim.at_least, holds, seen, share)


def _broken(claim: Claim, seen: str) -> CheckedClaim:
    return _checked(claim, seen, holds=False)


def _kernel_precision(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    want = canonical_precision(claim.want)
    return _time_share(claim, evidence.kernels, lambda k: canonical_precision(k.precision) == want)


def _kernel_isa(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    want = canonical_isa(claim.want)
    if want is None:
        return _broken(claim, f"unknown instruction set {claim.want!r}; use one of: {', '.join(ISA_RANKS)}")
    # f32 has no faster set than plain avx512, nor need its kernels name one: that breaks no claim of a set
    # up to avx512_vnni (a machine's best may be that). A claim of bf16's sets they do break.
    lenient = ISA_RANKS[want] <= ISA_RANKS["avx512_vnni"]

    def good_enough(kernel: KernelTime) -> bool:
        is_f32 = canonical_precision(kernel.precision) == "f32"
        needed = min(ISA_RANKS[want], ISA_RANKS["avx512"]) if lenient and is_f32 else ISA_RANKS[want]
        return ISA_RANKS[isa_of(kernel.implementation) or "base"] >= needed

    kernels = [k for k in evidence.kernels if want == "base" or not (lenient and shows_no_isa(k))]
    return _time_share(claim, kernels, good_enough)


def _time_share(claim: Claim, kernels: Sequence[KernelTime], agrees: Callable[[KernelTime], bool]) -> CheckedClaim:
    if not kernels:
        return _broken(claim, "no kernels were seen")
    share, rest = share_of_time(filter(is_multiplication, kernels), agrees)
    if share is None:
        return _broken(claim, "no time in convolution or matmul kernels was seen")
    seen = f"{apart(share * 100, claim.at_least * 100, 0)} % of kernel time (limit {plain_share(claim.at_least)})"
    seen += f", the rest ran {rest}" if rest else ""
    return _checked(claim, seen, share, holds=share >= claim.at_least - _ROUNDING)


def _no_reference_kernels(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if not any(map(may_not_be_reference, evidence.kernels)):
        return _broken(claim, "no kernels were seen")
    found = sorted({f"{k.operation} {k.implementation}" for k in reference_kernels(evidence.kernels)})
    return _checked(claim, f"ran {', '.join(found)}" if found else "none ran", holds=not found)


def _static_shapes(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if not evidence.input_shapes:
        return _broken(claim, "no input shapes were seen")
    moving = [f"{name} {shape}" for name, shape in evidence.input_shapes.items() if "?" in shape]
    inputs = plural(len(evidence.input_shapes), "input")
    return _checked(
        claim, f"dynamic: {', '.join(moving)}" if moving else f"{inputs}, all of fixed shape", holds=not moving
    )


def _dynamic_shapes(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if not evidence.input_shapes:
        return _broken(claim, "no input shapes were seen")
    models = {name.split(".")[0]: False for name in evidence.input_shapes}
    for name, shape in evidence.input_shapes.items():
        models[name.split(".")[0]] |= "?" in shape
    fixed = [model for model, dynamic in models.items() if not dynamic]
    seen = f"every input is fixed in: {', '.join(fixed)}" if fixed else f"{', '.join(models)} take any size"
    return _checked(claim, seen, holds=not fixed)


def _library(claim: Claim, path: str, what: str) -> CheckedClaim:
    """Match the file's name: ``jemalloc`` agrees with ``libjemalloc.so.2``, not with a folder of that name."""
    if not path:
        return _broken(claim, f"no {what} was seen")
    base = PurePath(path).name
    found = re.match(rf"(lib)?{re.escape(claim.want)}(?![A-Za-z0-9])", base) if claim.want else None
    return _checked(claim, f"{what} is {path}", holds=found is not None)


def _allocator(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    return _library(claim, evidence.allocator, "allocator")


def _openmp_runtime(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    return _library(claim, evidence.openmp_runtime, "OpenMP runtime")


def _setting(claim: Claim, settings: Mapping[str, str], who: str) -> CheckedClaim:
    name, equals, value = (part.strip() for part in claim.want.partition("="))
    if not (name and equals and value):
        return _broken(claim, f"{claim.want!r} is not name=value")
    if name not in settings:
        return _broken(claim, f"{who} reads no {name} back")
    return _checked(
        claim, f"{who} reads {name}={settings[name]} back", holds=settings[name].strip().lower() == value.lower()
    )


def _allocator_setting(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    return _setting(claim, evidence.allocator_settings, _named("the allocator", evidence.allocator))


def _openmp_setting(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    return _setting(claim, evidence.openmp_settings, _named("the OpenMP runtime", evidence.openmp_runtime))


def _fact(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    return _setting(claim, evidence.facts, "the pipeline's sdperf_facts()")


def _named(role: str, path: str) -> str:
    return f"{role} ({PurePath(path).name or 'none seen'})"


def _threads(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if not evidence.threads_asked:
        return _broken(claim, "the launch asked for no number of threads")
    if not evidence.threads:
        return _broken(claim, f"no thread count was seen (asked: {evidence.threads_asked})")
    seen = f"the library computes with {plural(evidence.threads, 'thread')} (asked: {evidence.threads_asked})"
    return _checked(claim, seen, holds=evidence.threads == evidence.threads_asked)


def _affinity(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if not evidence.cpus_asked:
        return _broken(claim, "the launch asked for no CPUs")
    if not evidence.cpus_seen:
        return _broken(claim, f"no affinity was seen (asked: {_cpus(evidence.cpus_asked)})")
    seen = f"threads may run on CPUs {_cpus(evidence.cpus_seen)} (asked: {_cpus(evidence.cpus_asked)})"
    return _checked(claim, seen, holds=set(evidence.cpus_seen) <= set(evidence.cpus_asked))


def _cpus(cpus: Sequence[int]) -> str:
    return ",".join(map(str, sorted(cpus)))


def _stage_calls(claim: Claim, evidence: Evidence, workload: Workload) -> CheckedClaim:
    steps = workload.num_inference_steps
    holds, seen = stage_calls(claim.kind, claim.want, evidence.stage_calls, steps=steps)
    return _checked(claim, seen, holds=holds)


def _drawn_anew(claim: Claim, evidence: Evidence, _: Workload) -> CheckedClaim:
    if evidence.new_latents is None:
        return _broken(claim, "no picture of new latents was seen")
    holds, seen = drawn_anew(evidence.new_latents)
    return _checked(claim, seen, holds=holds)


CLAIM_KINDS: dict[str, ClaimKind] = {
    "kernel_precision": ClaimKind(
        "kernels of precision `want` take at least `at_least` of the kernel time", _kernel_precision, shows_share=True
    ),
    "kernel_isa": ClaimKind(
        "kernels of instruction set `want` take at least `at_least` of the kernel time", _kernel_isa
    ),
    "static_shapes": ClaimKind("every input shape of every compiled model is fixed", _static_shapes, "static"),
    "dynamic_shapes": ClaimKind("the compiled models take inputs of any size", _dynamic_shapes, "dynamic"),
    "allocator": ClaimKind("malloc resolves to library `want`", _allocator),
    "openmp_runtime": ClaimKind("the OpenMP runtime in use is library `want`", _openmp_runtime),
    "affinity": ClaimKind("every thread stays on the CPUs that the launch asked for", _affinity, "pinned"),
    "threads": ClaimKind("the library computes with as many threads as the launch asked for", _threads, "threads"),
    UNET_CALLS: ClaimKind(
        "the UNet is called `want` times an image (`num_inference_steps` or a number)", _stage_calls, "UNet calls"
    ),
    STAGE_CALLS: ClaimKind(
        "a stage is called so many times an image, as `want` (stage=number) says; 0 for one whose answers are kept",
        _stage_calls,
    ),
    DRAWN_ANEW: ClaimKind(
        "pictures of known latents are as much work as those of new ones; broken, it is reported of every variant",
        _drawn_anew,
        "drawn anew",
    ),
    "fact": ClaimKind("the pipeline itself reports `want` (name=value) in its `sdperf_facts()`", _fact),
    "no_reference_kernels": ClaimKind("no oneDNN `ref` kernel ran", _no_reference_kernels, "no ref kernels"),
    "allocator_setting": ClaimKind(
        "the allocator reads setting `want` (name=value) back", _allocator_setting, is_setting=True
    ),
    "openmp_setting": ClaimKind(
        "the OpenMP runtime reads setting `want` (name=value) back", _openmp_setting, is_setting=True
    ),
}
"""Every kind of claim, in the order of the table of cases: the most telling first."""
