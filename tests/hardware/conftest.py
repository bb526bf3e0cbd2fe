"""Machines that are not here: CPUs, fake /proc and /sys trees, values for every check."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_sdperf.hardware.machine import Machine

AVX2 = "fpu sse4_2 avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512dq avx512vl"
ZEN5 = f"{AVX512} avx512_vnni avx512_bf16 hypervisor"
SPR = f"{AVX512} avx512_vnni avx512_bf16 amx_tile amx_bf16 amx_int8"

CHIPS: dict[str, tuple[str, int, int, int, str, str]] = {
    "spr": ("GenuineIntel", 6, 143, 8, "Intel(R) Xeon(R) Platinum 8480+", SPR),
    "spr_masked": ("GenuineIntel", 6, 143, 8, "Intel(R) Xeon(R)", ZEN5),
    "zen5": ("AuthenticAMD", 26, 2, 1, "AMD EPYC", ZEN5),
    "haswell": ("GenuineIntel", 6, 63, 2, "Intel(R) Xeon(R) CPU E5-2680 v3", AVX2),
    "cascadelake": ("GenuineIntel", 6, 85, 7, "Intel(R) Xeon(R) Gold 6230", f"{AVX512} avx512_vnni"),
}

ARM = """\
processor	: 0
BogoMIPS	: 2100.00
Features	: fp asimd sve bf16 i8mm
CPU implementer	: 0x41
CPU part	: 0xd40

processor	: 1
Features	: none
"""


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Callable[[str], Path]:
    """A file like /proc/cpuinfo of one of CHIPS, or `arm`."""

    def write(chip: str) -> Path:
        path = tmp_path / f"cpuinfo-{chip}"
        if chip == "arm":
            path.write_text(ARM)
            return path
        vendor, family, model, stepping, name, flags = CHIPS[chip]
        block = textwrap.dedent(f"""\
            processor	: 0
            vendor_id	: {vendor}
            cpu family	: {family}
            model		: {model}
            model name	: {name}
            stepping	: {stepping}
            cpu MHz		: 2596.120
            flags		: {flags}
            """)
        path.write_text(f"{block}\n{block}".replace("processor\t: 0", "processor\t: 1", 1))
        return path

    return write


@pytest.fixture
def machine() -> Callable[..., Machine]:
    """A machine with a chip of CHIPS; keywords replace fields."""

    def build(chip: str = "zen5", **changes: object) -> Machine:
        names = {"spr": "amx", "spr_masked": "avx512_bf16", "zen5": "avx512_bf16", "haswell": "avx2"}
        fields: dict[str, object] = {
            "cpu_model": CHIPS[chip][4],
            "microarchitecture": {"spr": "sapphirerapids", "spr_masked": "sapphirerapids"}.get(chip, chip),
            "isa_tier": names.get(chip, "avx512_vnni"),
            "flags": frozenset(CHIPS[chip][5].split()),
            "usable_cores": 2,
            "memory_bytes": 16 * 1024**3,
            "kernel": "6.1.0",
            "system": "Linux",
            "arch": "x86_64",
        }
        return Machine(**{**fields, **changes})  # type: ignore[arg-type]

    return build
