from __future__ import annotations

import platform
import re

import pytest

from pytest_sdperf.hardware import amx, cpu
from pytest_sdperf.hardware.detection import describe, detect, permitted_tier
from pytest_sdperf.hardware.machine import Machine, machine_key


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
