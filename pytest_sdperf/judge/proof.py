"""Judge the claims: each is held against what was seen to run; nothing seen proves nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pytest_sdperf.claims import Claim
from pytest_sdperf.isa import ISA_RANKS, canonical_isa, isa_of
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.kernels import (
    canonical_precision,
    is_multiplication,
    may_not_be_reference,
    reference_kernels,
    share_of_time,
    shows_no_isa,
)
from pytest_sdperf.measurement import Evidence, KernelTime
from pytest_sdperf.wording import apart, plain_share, plural
from pytest_sdperf.workload import Workload

_ROUNDING = 1e-9
"""Sums of milliseconds are floats: a share of 1 may come out one rounding error short."""


@dataclass(frozen=True)
class Checked:
    """One claim, held against the evidence."""

    claim: Claim
    holds: bool
    seen: str
    "what was seen, with the limit where there is one"
    share: float | None = None
    "share of kernel time that agrees, for claims about time"


def judge_proof(claims: Sequence[Claim], evidence: Evidence, workload: Workload) -> Finding:
    """Hold every claim against ``evidence``; the finding is BROKEN where one does not hold, and names it."""
    if not claims:
        return Finding(part="proof", status=Status.NOT_JUDGED, sentence="the variant claims nothing")
    checked = [check_claim(claim, evidence, workload) for claim in claims]
    broken = [c for c in checked if not c.holds]
    details = [f"{'holds' if c.holds else 'BROKEN'}: {c.claim}: {c.seen}" for c in checked]
    figures: dict[str, float | str | None] = {"claims": float(len(checked)), "broken": float(len(broken))}
    figures.update({str(c.claim): c.share for c in checked if c.share is not None})
    figures.update({f"claim {c.claim}": "holds" if c.holds else "broken" for c in checked})
    if broken:
        told = "; ".join(f"{c.claim}: {c.seen}" for c in broken)
        sentence = f"broken {'claim' if len(broken) == 1 else 'claims'} {told}"
        return Finding(part="proof", status=Status.BROKEN, sentence=sentence, details=details, figures=figures)
    names = ", ".join(str(c.claim) for c in checked)
    sentence = f"{plural(len(checked), 'claim')} {'holds' if len(checked) == 1 else 'hold'}: {names}"
    return Finding(part="proof", status=Status.PASSED, sentence=sentence, details=details, figures=figures)


def check_claim(claim: Claim, evidence: Evidence, workload: Workload) -> Checked:
    """Hold one claim of any kind of CLAIM_KINDS against the evidence."""
    return _CHECKS[claim.kind](claim, evidence, workload)


def _kernel_precision(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    want = canonical_precision(claim.want)
    return _time_share(claim, evidence.kernels, lambda k: canonical_precision(k.precision) == want)


def _kernel_isa(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    want = canonical_isa(claim.want)
    if want is None:
        return Checked(claim, False, f"unknown instruction set {claim.want!r}; use one of: {', '.join(ISA_RANKS)}")
    # f32 has no faster set than plain avx512, nor need its kernels name one: that breaks no claim of a set
    # up to avx512_vnni (a machine's best may be that). A claim of bf16's sets they do break.
    lenient = ISA_RANKS[want] <= ISA_RANKS["avx512_vnni"]

    def good_enough(kernel: KernelTime) -> bool:
        is_f32 = canonical_precision(kernel.precision) == "f32"
        needed = min(ISA_RANKS[want], ISA_RANKS["avx512"]) if lenient and is_f32 else ISA_RANKS[want]
        return ISA_RANKS[isa_of(kernel.implementation) or "base"] >= needed

    kernels = [k for k in evidence.kernels if want == "base" or not (lenient and shows_no_isa(k))]
    return _time_share(claim, kernels, good_enough)


def _time_share(claim: Claim, kernels: Sequence[KernelTime], holds: Callable[[KernelTime], bool]) -> Checked:
    if not kernels:
        return Checked(claim, False, "no kernels were seen")
    share, rest = share_of_time(filter(is_multiplication, kernels), holds)
    if share is None:
        return Checked(claim, False, "no time in convolution or matmul kernels was seen")
    seen = f"{apart(share * 100, claim.at_least * 100, 0)} % of kernel time (limit {plain_share(claim.at_least)})"
    return Checked(claim, share >= claim.at_least - _ROUNDING, seen + (f", the rest ran {rest}" if rest else ""), share)


def _no_reference_kernels(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    if not any(map(may_not_be_reference, evidence.kernels)):
        return Checked(claim, False, "no kernels were seen")
    found = sorted({f"{k.operation} {k.implementation}" for k in reference_kernels(evidence.kernels)})
    return Checked(claim, not found, f"ran {', '.join(found)}" if found else "none ran")


def _static_shapes(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    if not evidence.input_shapes:
        return Checked(claim, False, "no input shapes were seen")
    moving = [f"{name} {shape}" for name, shape in evidence.input_shapes.items() if "?" in shape]
    inputs = plural(len(evidence.input_shapes), "input")
    return Checked(claim, not moving, f"dynamic: {', '.join(moving)}" if moving else f"{inputs}, all of fixed shape")


def _dynamic_shapes(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    if not evidence.input_shapes:
        return Checked(claim, False, "no input shapes were seen")
    models = {name.split(".")[0]: False for name in evidence.input_shapes}
    for name, shape in evidence.input_shapes.items():
        models[name.split(".")[0]] |= "?" in shape
    fixed = [model for model, dynamic in models.items() if not dynamic]
    seen = f"every input is fixed in: {', '.join(fixed)}" if fixed else f"{', '.join(models)} take any size"
    return Checked(claim, not fixed, seen)


def _library(claim: Claim, path: str, what: str) -> Checked:
    """Match the file's name: ``jemalloc`` agrees with ``libjemalloc.so.2``, not with a folder of that name."""
    if not path:
        return Checked(claim, False, f"no {what} was seen")
    base = PurePath(path).name
    found = re.match(rf"(lib)?{re.escape(claim.want)}(?![A-Za-z0-9])", base) if claim.want else None
    return Checked(claim, found is not None, f"{what} is {path}")


def _allocator(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    return _library(claim, evidence.allocator, "allocator")


def _openmp_runtime(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    return _library(claim, evidence.openmp_runtime, "OpenMP runtime")


def _setting(claim: Claim, settings: Mapping[str, str], who: str) -> Checked:
    name, equals, value = (part.strip() for part in claim.want.partition("="))
    if not (name and equals and value):
        return Checked(claim, False, f"{claim.want!r} is not name=value")
    if name not in settings:
        return Checked(claim, False, f"{who} reads no {name} back")
    return Checked(claim, settings[name].strip().lower() == value.lower(), f"{who} reads {name}={settings[name]} back")


def _allocator_setting(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    return _setting(claim, evidence.allocator_settings, _named("the allocator", evidence.allocator))


def _openmp_setting(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    return _setting(claim, evidence.openmp_settings, _named("the OpenMP runtime", evidence.openmp_runtime))


def _fact(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    return _setting(claim, evidence.facts, "the pipeline's sdperf_facts()")


def _named(role: str, path: str) -> str:
    return f"{role} ({PurePath(path).name or 'none seen'})"


def _threads(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    if not evidence.threads_asked:
        return Checked(claim, False, "the launch asked for no number of threads")
    if not evidence.threads:
        return Checked(claim, False, f"no thread count was seen (asked: {evidence.threads_asked})")
    seen = f"the library computes with {plural(evidence.threads, 'thread')} (asked: {evidence.threads_asked})"
    return Checked(claim, evidence.threads == evidence.threads_asked, seen)


def _affinity(claim: Claim, evidence: Evidence, _: Workload) -> Checked:
    if not evidence.cpus_asked:
        return Checked(claim, False, "the launch asked for no CPUs")
    if not evidence.cpus_seen:
        return Checked(claim, False, f"no affinity was seen (asked: {_cpus(evidence.cpus_asked)})")
    seen = f"threads may run on CPUs {_cpus(evidence.cpus_seen)} (asked: {_cpus(evidence.cpus_asked)})"
    return Checked(claim, set(evidence.cpus_seen) <= set(evidence.cpus_asked), seen)


def _cpus(cpus: Sequence[int]) -> str:
    return ",".join(map(str, sorted(cpus)))


def _unet_calls(claim: Claim, evidence: Evidence, workload: Workload) -> Checked:
    calls = evidence.stage_calls.get("unet")
    if claim.want == "num_inference_steps":
        want = workload.num_inference_steps
    elif claim.want.isdecimal():
        want = int(claim.want)
    else:
        return Checked(claim, False, f"{claim.want!r} is neither num_inference_steps nor a number")
    if calls is None:
        return Checked(claim, False, f"no stage called unet was seen (limit {want} calls)")
    return Checked(claim, calls == want, f"{plural(calls, 'call')} an image (limit {want})")


_CHECKS: dict[str, Callable[[Claim, Evidence, Workload], Checked]] = {
    "kernel_precision": _kernel_precision,
    "kernel_isa": _kernel_isa,
    "no_reference_kernels": _no_reference_kernels,
    "static_shapes": _static_shapes,
    "dynamic_shapes": _dynamic_shapes,
    "allocator": _allocator,
    "allocator_setting": _allocator_setting,
    "openmp_runtime": _openmp_runtime,
    "openmp_setting": _openmp_setting,
    "threads": _threads,
    "affinity": _affinity,
    "unet_calls": _unet_calls,
    "fact": _fact,
}
