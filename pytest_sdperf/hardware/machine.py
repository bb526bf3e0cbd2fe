"""The machine as one value, and the key under which its baselines are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Facts of a machine that requirements, baselines and reports need."""

    cpu_model: str
    "marketing name, such as `AMD EPYC`"
    microarchitecture: str
    "by archspec's names: `zen5`, `sapphirerapids`"
    isa_tier: str
    "amx, avx512_bf16, avx512_vnni, avx512, avx2 or base; amx only where the kernel permits it"
    flags: frozenset[str]
    "CPU flags by Linux' names"
    usable_cores: int
    "physical cores within affinity and cgroup quota"
    memory_bytes: int
    "physical memory or the cgroup's limit, whichever is smaller"
    kernel: str
    "release of the operating system's kernel"
    system: str
    "`Linux`, `Darwin`, `Windows`"
    arch: str
    "`x86_64`, `aarch64`, `arm64`, `AMD64`"


def machine_key(machine: Machine) -> str:
    """``zen5-2cores-avx512_bf16``: what latency depends on, and nothing that moves between boots.

    Safe as a folder's name. Systems other than Linux are named at the end.
    """
    chip = re.sub(r"[^a-z0-9_]+", "_", machine.microarchitecture.lower()).strip("_") or "unknown"
    system = "" if machine.system == "Linux" else f"-{machine.system.lower() or 'unknown'}"
    return f"{chip}-{machine.usable_cores}cores-{machine.isa_tier}{system}"
