"""Facts that the CPU states of itself: its flags, its microarchitecture and its instruction-set tier."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_sdperf.hardware.machine import Machine

ISA_FLAGS: dict[str, tuple[str, ...]] = {
    "amx": ("amx_tile", "amx_bf16"),
    "amx_int8": ("amx_tile", "amx_int8"),
    "avx512_bf16": ("avx512_bf16",),
    "avx512_vnni": ("avx512_vnni",),
    "avx512": ("avx512f", "avx512bw", "avx512dq", "avx512vl"),
    "avx512f": ("avx512f",),
    "avx2": ("avx2",),
}
"""Instruction sets that can be required, and the flags (Linux' names) that make them up."""

TIERS = ("amx", "avx512_bf16", "avx512_vnni", "avx512", "avx2")
"""Best first; what has none of them is `base`. `avx512` is what oneDNN calls avx512_core."""

AMX_CHIPS = frozenset({"sapphirerapids", "emeraldrapids", "graniterapids", "diamondrapids"})
"""Microarchitectures that have AMX, whatever a hypervisor lets through."""

# Linux, arch/x86/include/asm/intel-family.h: the server chips, by (family, model).
_INTEL = {
    (6, 0x3F): "haswell",
    (6, 0x4F): "broadwell",
    (6, 0x56): "broadwell",
    (6, 0x55): "skylake_avx512",
    (6, 0x6A): "icelake",
    (6, 0x6C): "icelake",
    (6, 0x8F): "sapphirerapids",
    (6, 0xCF): "emeraldrapids",
    (6, 0xAD): "graniterapids",
    (6, 0xAE): "graniterapids",
    (6, 0xAF): "sierraforest",
    (19, 0x01): "diamondrapids",
}

# Linux, arch/x86/kernel/cpu/amd.c: (family, first model, last model).
_AMD = (
    (0x17, 0x00, 0x2F, "zen"),
    (0x17, 0x50, 0x5F, "zen"),
    (0x17, 0x30, 0x4F, "zen2"),
    (0x17, 0x60, 0x7F, "zen2"),
    (0x17, 0x90, 0x91, "zen2"),
    (0x17, 0xA0, 0xAF, "zen2"),
    (0x19, 0x00, 0x0F, "zen3"),
    (0x19, 0x20, 0x5F, "zen3"),
    (0x19, 0x10, 0x1F, "zen4"),
    (0x19, 0x60, 0xAF, "zen4"),
    (0x1A, 0x00, 0x2F, "zen5"),
    (0x1A, 0x40, 0x4F, "zen5"),
    (0x1A, 0x60, 0x7F, "zen5"),
    (0x1A, 0x50, 0x5F, "zen6"),
    (0x1A, 0x80, 0xAF, "zen6"),
    (0x1A, 0xC0, 0xCF, "zen6"),
)

KNOWN_CHIPS = frozenset({*_INTEL.values(), *(name for *_, name in _AMD), "cascadelake", "cooperlake"})
"""Microarchitectures that are recognised by family and model, masked flags or not."""


@dataclass(frozen=True)
class Cpu:
    """The first CPU of the machine (all are taken to be alike)."""

    model_name: str = ""
    "marketing name; empty where the machine does not say (Arm Linux)"
    vendor: str = ""
    family: int = -1
    "x86 family, -1 where there is none"
    model: int = -1
    "x86 model, -1 where there is none"
    stepping: int = -1
    "x86 stepping, -1 where there is none"
    flags: frozenset[str] = frozenset()
    "feature flags by Linux' names"


def read_cpuinfo(path: Path) -> Cpu | None:
    """The first CPU of a file in the format of /proc/cpuinfo (x86 or Arm); None where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not colon and fields:
            break  # a blank line ends the first CPU
        fields[key.strip()] = value.strip()

    def number(name: str) -> int:
        return int(fields[name]) if fields.get(name, "").isdecimal() else -1

    return Cpu(
        model_name=fields.get("model name", ""),
        vendor=fields.get("vendor_id", fields.get("CPU implementer", "")),
        family=number("cpu family"),
        model=number("model"),
        stepping=number("stepping"),
        flags=frozenset(fields.get("flags", fields.get("Features", "")).split()),
    )


def detect_cpu(path: Path = Path("/proc/cpuinfo")) -> Cpu:
    """The CPU from ``path``, or where there is no such file (macOS, Windows) from archspec."""
    return read_cpuinfo(path) or _cpu_by_archspec()


def _cpu_by_archspec() -> Cpu:
    import archspec.cpu as archspec

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # archspec warns where it cannot ask; an empty answer says the same
        info = archspec.detect.detected_info()
        name = archspec.brand_string() or ""
    return Cpu(model_name=name, vendor=info.vendor, flags=frozenset(info.features))


def archspec_name() -> str:
    """The microarchitecture of this machine as archspec names it, such as ``neoverse_v1`` or ``m2``."""
    import archspec.cpu as archspec

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(archspec.host().name)


def microarchitecture(cpu: Cpu, *, otherwise: Callable[[], str] = archspec_name) -> str:
    """The microarchitecture by archspec's names: ``zen5``, ``sapphirerapids`` ….

    x86 servers go by family and model, which a hypervisor passes on while it masks flags; archspec
    goes by flags and calls a masked Zen 5 ``x86_64_v4``. ``otherwise`` names all the others.
    """
    if cpu.vendor == "GenuineIntel" and (cpu.family, cpu.model) in _INTEL:
        name = _INTEL[cpu.family, cpu.model]
        if name == "skylake_avx512" and cpu.stepping >= 10:
            return "cooperlake"
        return "cascadelake" if name == "skylake_avx512" and cpu.stepping >= 5 else name
    if cpu.vendor == "AuthenticAMD":
        for family, first, last, name in _AMD:
            if cpu.family == family and first <= cpu.model <= last:
                return name
    return otherwise()


def has_isa(flags: Collection[str], isa: str) -> bool:
    """True where the flags hold every flag of ``isa``, a key of ISA_FLAGS."""
    return not missing_flags(flags, isa)


def missing_flags(flags: Collection[str], isa: str) -> list[str]:
    """The flags of ``isa`` (a key of ISA_FLAGS) that are not among ``flags``, in the table's order."""
    return [flag for flag in ISA_FLAGS[isa] if flag not in flags]


def isa_tier(flags: Collection[str]) -> str:
    """The best of amx > avx512_bf16 > avx512_vnni > avx512 > avx2 > base that the flags promise."""
    return next((tier for tier in TIERS if has_isa(flags, tier)), "base")


def native_isa(machine: Machine) -> str:
    """The instruction set that a variant's `auto` stands for: the machine's tier."""
    return machine.isa_tier


def native_precision(machine: Machine) -> str:
    """The precision that a variant's `auto` stands for: `bf16` where the machine computes in it, else `f32`."""
    return "bf16" if machine.isa_tier in ("amx", "avx512_bf16") else "f32"
