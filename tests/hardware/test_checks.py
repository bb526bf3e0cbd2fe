from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from pytest_sdperf.hardware import amx, detection, libraries
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.requirements import Unmet


def refuse_amx(machine, isa: str) -> Unmet:
    layer = amx.flag_layer(machine, isa)
    return Unmet(isa, layer.title, layer.found, layer.cure)


def accept_amx(machine, isa: str) -> None:
    return None


def refuse_to_ask(machine, isa: str) -> None:
    raise AssertionError("AMX was asked for although a cheaper alternative holds")


def test_amx_by_its_layers(machine):
    assert check("amx", machine("spr"), amx_unmet=accept_amx) is None
    assert check("amx", machine("zen5"), amx_unmet=refuse_amx).reason == (
        "needs amx: layer 1 (CPU flags) lacks amx_tile, amx_bf16; found avx512_bf16 (zen5). "
        "zen5 has no AMX: run on Intel Sapphire Rapids or newer."
    )


def test_masked_amx(machine):
    assert check("amx", machine("spr_masked")).reason == (
        "needs amx: layer 1 (CPU flags) lacks amx_tile, amx_bf16; found avx512_bf16 (sapphirerapids). "
        "The chip has AMX: the hypervisor masks it."
    )


@pytest.mark.parametrize(
    "layers, unmet",
    [
        ([amx.Layer(1, "CPU flags", True, ""), amx.Layer(2, "kernel permission", None, "")], None),
        (
            [
                amx.Layer(1, "CPU flags", True, ""),
                amx.Layer(4, "a real kernel", False, "was killed by SIGILL", "Fix."),
            ],
            "needs amx: layer 4 (a real kernel) was killed by SIGILL. Fix.",
        ),
    ],
)
@pytest.mark.parametrize("requirement", ["amx", "isa:amx"])
def test_the_first_layer_that_refuses_is_named(monkeypatch, machine, layers, unmet, requirement):
    monkeypatch.setattr(amx, "layers", lambda machine, isa: iter(layers))
    found = check(requirement, machine("spr"))
    assert (found.reason if found else None) == (unmet.replace("needs amx", f"needs {requirement}") if unmet else None)


def test_isa_by_flags(machine):
    assert check("isa:avx512_bf16", machine("zen5")) is None
    assert check("isa:avx512_bf16", machine("cascadelake")).reason == (
        "needs isa:avx512_bf16: layer 1 (CPU flags) lacks avx512_bf16; found avx512_vnni (cascadelake). "
        "Run on a CPU with avx512_bf16."
    )


def test_isa_that_a_hypervisor_may_mask(machine):
    here = machine("haswell", flags=frozenset({"avx2", "hypervisor"}))
    assert check("isa:avx512_vnni", here).reason == (
        "needs isa:avx512_vnni: layer 1 (CPU flags) lacks avx512_vnni; found avx2 (haswell). "
        "Run on a CPU with avx512_vnni. A hypervisor may mask them."
    )


@pytest.mark.parametrize("requirement", ["isa:avx512_bf16|amx", "isa:amx|avx512_bf16"])
def test_the_cheap_alternative_is_asked_first(machine, requirement):
    assert check(requirement, machine("zen5"), amx_unmet=refuse_to_ask) is None


def test_one_alternative_suffices(machine):
    here = machine("spr", flags=frozenset({"amx_tile", "amx_bf16"}))
    assert check("isa:avx512_bf16|amx", here, amx_unmet=accept_amx) is None


def test_all_alternatives_are_told(machine):
    unmet = check("isa:avx512_bf16|amx", machine("haswell"), amx_unmet=refuse_amx)
    assert unmet.requirement == "isa:avx512_bf16|amx"
    assert unmet.reason == (
        "needs isa:avx512_bf16|amx: layer 1 (CPU flags) lacks avx512_bf16; found avx2 (haswell); "
        "layer 1 (CPU flags) lacks amx_tile, amx_bf16; found avx2 (haswell). "
        "Run on a CPU with avx512_bf16. haswell has no AMX: run on Intel Sapphire Rapids or newer."
    )


@pytest.mark.parametrize(
    "have, reason",
    [
        (4, None),
        (
            3,
            (
                "needs cores:4: affinity and cgroup quota leave 3 physical cores. "
                "Run on more cores, or widen taskset, the container's CPUs or its quota."
            ),
        ),
        (
            1,
            (
                "needs cores:4: affinity and cgroup quota leave 1 physical core. "
                "Run on more cores, or widen taskset, the container's CPUs or its quota."
            ),
        ),
    ],
)
def test_cores(machine, have, reason):
    unmet = check("cores:4", machine(usable_cores=have))
    assert (unmet.reason if unmet else None) == reason


def test_memory(machine):
    assert check("memory:16GiB", machine(memory_bytes=16 * 1024**3)) is None
    assert check("memory:16GiB", machine(memory_bytes=16 * 1024**3 - 1)).reason == (
        "needs memory:16GiB: machine and cgroup limit leave 16.0 GiB of memory. "
        "Run with more memory, or raise the container's limit."
    )


@pytest.mark.parametrize(
    "requirement, system, reason",
    [
        ("os:linux", "Linux", None),
        ("os:linux", "Darwin", "needs os:linux: operating system is macos. Run on linux."),
        ("os:linux|macos", "Windows", "needs os:linux|macos: operating system is windows. Run on linux or macos."),
        ("os:macos", "FreeBSD", "needs os:macos: operating system is FreeBSD. Run on macos."),
        ("os:macos", "", "needs os:macos: operating system is unknown. Run on macos."),
    ],
)
def test_operating_systems(machine, requirement, system, reason):
    unmet = check(requirement, machine(system=system))
    assert (unmet.reason if unmet else None) == reason


@pytest.mark.parametrize("system, arch", [("Darwin", "arm64"), ("Windows", "ARM64"), ("Linux", "aarch64")])
def test_arm_and_apple_skip_with_reasons(machine, system, arch):
    here = machine(
        system=system, arch=arch, flags=frozenset({"asimd"}), isa_tier="base", microarchitecture="neoverse_v1"
    )
    assert check("amx", here).reason == (
        "needs amx: layer 1 (CPU flags) lacks amx_tile, amx_bf16; found base (neoverse_v1). "
        "AMX needs Intel Sapphire Rapids or newer."
    )
    assert check("isa:avx2", here).found == "lacks avx2; found base (neoverse_v1)"


@pytest.mark.parametrize(
    "installed, requirement, found",
    [
        ("2026.4.1", "package:openvino", None),
        ("2026.4.1", "package:openvino>=2026", None),
        ("2026.0.0rc1", "package:openvino>=2025", None),
        ("2.8.0+cu128", "package:torch==2.8.0", None),
        ("2025.4", "package:openvino>=2026", "has openvino 2025.4"),
        ("2026.4.1", "package:openvino>=2025,<2026", "has openvino 2026.4.1"),
        (None, "package:openvino", "has openvino without a version"),
        ("garbage!", "package:openvino>=1", "has openvino garbage!"),
    ],
)
def test_packages_by_version(monkeypatch, installed, requirement, found):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    unmet = check(requirement)
    assert (unmet.found if unmet else None) == found


def test_a_missing_package():
    assert check("package:sdperf-no-such-package>=1").reason == (
        "needs package:sdperf-no-such-package>=1: this environment has no sdperf-no-such-package. "
        'Install it: pip install "sdperf-no-such-package>=1".'
    )


def test_libraries(monkeypatch):
    monkeypatch.setattr(libraries, "can_preload", lambda: True)
    monkeypatch.setattr(libraries, "find_library", lambda name: Path("/lib/x.so"))
    assert check("library:jemalloc") is None
    monkeypatch.setattr(libraries, "find_library", lambda name: None)
    assert check("library:libiomp5").reason == (
        "needs library:libiomp5: library search finds no libiomp5 for this interpreter's processor. "
        "Install it: pip install intel-openmp."
    )
    assert check("library:/opt/x.so").reason == (
        "needs library:/opt/x.so: the file is missing there or made for another processor. Name an existing library."
    )
    monkeypatch.setattr(libraries, "can_preload", lambda: False)
    assert check("library:jemalloc").reason == (
        "needs library:jemalloc: operating system has no LD_PRELOAD. Run on Linux."
    )


def test_packages_and_libraries_do_not_ask_the_machine(monkeypatch):
    def refuse():
        raise AssertionError("the machine was detected for nothing")

    monkeypatch.setattr(detection, "detect", refuse)
    assert check("package:pytest") is None
    assert check("library:/none.so") is not None


def test_this_machine_is_the_default():
    assert check("cores:1") is None
    assert check("memory:1MiB") is None
