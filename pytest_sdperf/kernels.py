"""Shares of kernel time: how much ran as claimed, and what changed since the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_sdperf.isa import is_reference_kernel, isa_of
from pytest_sdperf.measurement import Evidence, KernelTime

_MOVED = 0.05
"""Share of kernel time, 5 points, below which a kernel that runs on both sides is not worth a line."""

_PRECISIONS = {
    "fp32": "f32", "float32": "f32", "bfloat16": "bf16", "fp16": "f16", "float16": "f16",
    "int8": "i8", "s8": "i8", "u8": "i8", "uint8": "i8",
}  # fmt: skip


def canonical_precision(name: str) -> str:
    """``bfloat16`` -> ``bf16``: the names of KernelTime.precision."""
    name = name.strip().lower()
    return _PRECISIONS.get(name, name)


def is_multiplication(kernel: KernelTime) -> bool:
    """True for convolutions and matrix products: the kernels that claims of precision and ISA are about.

    What lies between them (reorders, softmax, normalisation) legitimately keeps other precisions.
    Names of oneDNN (`inner_product`) and of OpenVINO (`FullyConnected`) count. OpenVINO's fused attention
    (`Subgraph`) does not: its name shows neither what it multiplies in nor with what.
    """
    name = kernel.operation.lower().replace("_", "")
    words = ("convolution", "conv2d", "matmul", "innerproduct", "fullyconnected", "gemm", "linear")
    return any(word in name for word in words)


def may_not_be_reference(kernel: KernelTime) -> bool:
    """True where a `ref` kernel is a fault: always in oneDNN, and among OpenVINO's multiplications only.

    OpenVINO names its own plain shape and copy operations `ref` too, and they are meant to be so.
    """
    return ":" in kernel.implementation or is_multiplication(kernel)


def reference_kernels(kernels: Iterable[KernelTime]) -> list[KernelTime]:
    """The unoptimised kernels that ran where an optimised one should have."""
    return [k for k in kernels if is_reference_kernel(k.implementation) and may_not_be_reference(k)]


def shows_no_isa(kernel: KernelTime) -> bool:
    """True for f32 matrix products that pick their code at run time and do not name it: ``gemm_mlas_f32``."""
    return (
        isa_of(kernel.implementation) is None
        and "gemm" in kernel.implementation.lower()
        and canonical_precision(kernel.precision) == "f32"
    )


def share_of_time(kernels: Iterable[KernelTime], holds: Callable[[KernelTime], bool]) -> tuple[float | None, str]:
    """(share of time in kernels where ``holds``, the implementations that took the most of the rest).

    The share is None where no time was recorded at all: nothing seen proves nothing.
    """
    kernels = list(kernels)
    total = sum(k.time_ms for k in kernels)
    if total <= 0:
        return None, ""
    rest: dict[str, float] = {}
    for kernel in kernels:
        if not holds(kernel):
            named = kernel.precision in kernel.implementation
            name = kernel.implementation if named else f"{kernel.implementation} in {kernel.precision}"
            rest[name] = rest.get(name, 0.0) + kernel.time_ms
    names = sorted(rest, key=lambda name: -rest[name])
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return 1 - sum(rest.values()) / total, told


def kernel_changes(baseline_evidence: Evidence, evidence: Evidence) -> list[str]:
    """One line for each kernel that appeared, vanished or whose share of kernel time moved by 5 points or more."""
    before, after = _shares(baseline_evidence.kernels), _shares(evidence.kernels)
    if before and not after:
        return ["no kernels were seen now; the baseline has them"]
    if after and not before:
        return []  # a baseline without kernel evidence says nothing about what changed
    lines: list[tuple[float, str]] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            lines.append((new, f"appeared: {name}, {new * 100:.1f} % of kernel time"))
        elif new is None and old is not None:
            lines.append((old, f"vanished: {name}, was {old * 100:.1f} % of kernel time"))
        elif old is not None and new is not None and abs(new - old) >= _MOVED:
            lines.append((abs(new - old), f"moved: {name}, {old * 100:.1f} % -> {new * 100:.1f} % of kernel time"))
    return [line for _, line in sorted(lines, key=lambda entry: (-entry[0], entry[1]))]


def _shares(kernels: Iterable[KernelTime]) -> dict[str, float]:
    times: dict[str, float] = {}
    for k in kernels:
        name = f"{k.operation} {k.implementation} {k.precision}"
        times[name] = times.get(name, 0.0) + k.time_ms
    total = sum(times.values())
    return {name: time / total for name, time in times.items()} if total > 0 else {}
