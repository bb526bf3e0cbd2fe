from __future__ import annotations

import platform
import re

import pytest

from pytest_sdperf.hardware import amx, cpu
from pytest_sdperf.hardware.machine import Machine, describe, detect, machine_key, permitted_tier


@pytest.mark.parametrize(
    "changes, key",
    [
        ({}, "zen5-2cores-avx512_bf16"),
        ({"usable_cores": 1}, "zen5-1cores-avx512_bf16"),
        ({"microarchitecture": "sapphirerapids", "isa_tier": "amx", "usable_cores": 32}, "sapphirerapids-32cores-amx"),
        (
            {"microarchitecture": "neoverse_v1", "isa_tier": "base", "arch": "aarch64"},
            "neoverse_v1-2cores-base",
        ),
        ({"microarchitecture": "m2", "isa_tier": "base", "system": "Darwin"}, "m2-2cores-base-darwin"),
        ({"system": "Windows"}, "zen5-2cores-avx512_bf16-windows"),
        ({"microarchitecture": "../Odd Name/", "system": ""}, "odd_name-2cores-avx512_bf16-unknown"),
        ({"microarchitecture": ""}, "unknown-2cores-avx512_bf16"),
    ],
)
def test_keys_are_readable_folder_names(machine, changes, key):
    here = machine(**changes)
    assert machine_key(here) == key


def test_the_key_does_not_move_between_boots(machine):
    other = {"kernel": "6.9", "memory_bytes": 1, "cpu_model": "AMD EPYC @ 2.6 GHz", "flags": frozenset({"new"})}
    assert machine_key(machine()) == machine_key(machine(**other))


@pytest.mark.parametrize("held, tier", [(False, "avx512_bf16"), (True, "amx"), (None, "amx")])
def test_amx_that_the_kernel_refuses_is_no_tier(monkeypatch, machine, held, tier):
    monkeypatch.setattr(amx, "permission_layer", lambda system, arch: amx.Layer(2, "kernel permission", held, ""))
    assert permitted_tier(machine("spr").flags, system="Linux", arch="x86_64") == tier


def test_the_kernel_is_not_asked_without_amx_flags(monkeypatch, machine):
    monkeypatch.delattr(amx, "permission_layer")
    assert permitted_tier(machine("zen5").flags, system="Linux", arch="x86_64") == "avx512_bf16"


@pytest.mark.parametrize("system, arch", [("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "aarch64")])
def test_machines_of_every_system_are_described(monkeypatch, cpuinfo, system, arch):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: arch)
    monkeypatch.setattr(platform, "release", lambda: "1.2")
    here = describe(cpu.read_cpuinfo(cpuinfo("spr" if arch == "AMD64" else "zen5")))
    assert (here.system, here.arch, here.kernel) == (system, arch, "1.2")
    assert here.isa_tier == ("amx" if arch == "AMD64" else "avx512_bf16")
    assert here.usable_cores >= 1
    assert here.memory_bytes > 0


def test_this_machine_is_detected_once():
    here = detect()
    assert isinstance(here, Machine)
    assert detect() is here
    assert re.fullmatch(r"[a-z0-9_]+-\d+cores-[a-z0-9_]+(-[a-z]+)?", machine_key(here))
