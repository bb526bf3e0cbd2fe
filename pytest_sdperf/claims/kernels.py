"""Kernels by name: the instruction set and precision that each used, and the share of time that ran as claimed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pytest_sdperf.measurement import KernelTime
from pytest_sdperf.wording import listed

ISA_RANKS: dict[str, int] = {
    "base": 0,
    "sse41": 1,
    "avx": 2,
    "avx2": 3,
    "avx2_vnni": 4,
    "avx2_vnni_2": 5,
    "avx512": 6,
    "avx512_vnni": 7,
    "avx512_bf16": 8,
    "avx512_fp16": 9,
    "amx": 10,
}
"""Instruction sets, weakest first: a kernel of a higher rank also satisfies a claim of a lower one.
`base` is any machine without the others, Arm included: a kernel that names no set is that."""

_ALIASES = {
    "avx512f": "avx512",
    "avx512_core": "avx512",
    "avx512_core_vnni": "avx512_vnni",
    "avx512_core_bf16": "avx512_bf16",
    "avx512_core_fp16": "avx512_fp16",
    "avx512_core_bf32": "avx512",
    "avx10_1_512": "avx512_fp16",
    "avx10_2_512": "avx512_fp16",
    "amx_bf16": "amx",
    "amx_int8": "amx",
    "amx_tile": "amx",
    "amx_fp16": "amx",
}
"""oneDNN's names (``cpu_isa_t``) and CPU flags, in ours."""

_OPENVINO_NATIVE = {"bf16": "avx512_bf16", "f16": "avx512_fp16", "i8": "avx512_vnni", "u8": "avx512_vnni"}
"""Precision -> the instruction set without which it has no brgemm kernel, where OpenVINO's name says only `avx512`."""


def canonical_isa(name: str) -> str | None:
    """``avx512_core_bf16`` -> ``avx512_bf16``; None for an unknown instruction set."""
    name = name.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in ISA_RANKS else None


def isa_of(implementation: str) -> str | None:
    """The instruction set of one implementation, None where its name shows none (`ref:any`, `gemm:jit:bf16`).

    oneDNN writes ``algorithm:isa``; where one primitive calls another (``a:isa+b:isa``) the weakest
    counts. OpenVINO writes ``algorithm_isa_precision``: there ``brgconv_avx512_bf16`` multiplies bf16
    natively, while ``jit_avx512_bf16`` and ``jit_gemm_bf16`` convert to f32 first (seen with OpenVINO
    2026.4 and torch 2.8 on one machine, with and without ONEDNN_MAX_CPU_ISA=AVX512_CORE).
    """
    if ":" in implementation:
        found = [isa for part in implementation.split("+") if (isa := _onednn_isa(part.rpartition(":")[2])) is not None]
        return min(found, key=ISA_RANKS.__getitem__) if found else None
    return _openvino_isa(implementation.lower())


def _onednn_isa(text: str) -> str | None:
    return "amx" if "_amx" in text.lower() else canonical_isa(text)


def _openvino_isa(name: str) -> str | None:
    words = name.split("_")
    if "amx" in words:
        return "amx"
    if "avx512" in words:
        native = name.startswith(("brgconv", "brgemm"))
        return _OPENVINO_NATIVE.get(words[-1], "avx512") if native else "avx512"
    return next((isa for isa in ("avx2", "avx", "sse41") if isa in words), None)


def is_reference_kernel(implementation: str) -> bool:
    """True for oneDNN's unoptimised fallbacks: ``ref:any``, ``ref_any_bf16``, ``conv:any+ref:any``."""
    return "ref" in re.split(r"[:_+]", implementation.lower())


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

    Kernels between them (reorders, softmax, normalisation) legitimately keep other precisions.
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


def share_of_time(kernels: Iterable[KernelTime], agrees: Callable[[KernelTime], bool]) -> tuple[float | None, str]:
    """(share of time in kernels where ``agrees``, the implementations that took the most of the rest).

    The share is None where no time was recorded at all: nothing seen proves nothing.
    """
    kernels = list(kernels)
    total = sum(k.time_ms for k in kernels)
    if total <= 0:
        return None, ""
    rest: dict[str, float] = {}
    for kernel in kernels:
        if not agrees(kernel):
            named = kernel.precision in kernel.implementation
            name = kernel.implementation if named else f"{kernel.implementation} in {kernel.precision}"
            rest[name] = rest.get(name, 0.0) + kernel.time_ms
    names = sorted(rest, key=lambda name: -rest[name])
    return 1 - sum(rest.values()) / total, listed(names)
