"""Describe this machine: its CPU, and the cores, memory and instruction sets that the system lets a process use."""

from __future__ import annotations

import functools
import platform

from pytest_sdperf.hardware import amx, cpu, resources
from pytest_sdperf.hardware.machine import Machine


@functools.lru_cache(maxsize=1)
def detect() -> Machine:
    """Describe this machine; asked once a session."""
    return describe(cpu.detect_cpu())


def describe(chip: cpu.Cpu) -> Machine:
    """Describe this machine, taking ``chip`` for its CPU."""
    system, arch = platform.system(), platform.machine()
    return Machine(
        cpu_model=chip.model_name,
        microarchitecture=cpu.microarchitecture(chip),
        isa_tier=permitted_tier(chip.flags, system=system, arch=arch),
        flags=chip.flags,
        usable_cores=resources.usable_cores(),
        memory_bytes=resources.usable_memory_bytes(),
        kernel=platform.release(),
        system=system,
        arch=arch,
    )


def permitted_tier(flags: frozenset[str], *, system: str, arch: str) -> str:
    """The flags' tier, or the next one where the flags promise AMX and the kernel refuses it."""
    tier = cpu.isa_tier(flags)
    if tier == "amx" and amx.permission_layer(system, arch).held is False:
        return cpu.isa_tier(flags - {"amx_tile"})
    return tier
