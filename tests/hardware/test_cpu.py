from __future__ import annotations

import sys
import types
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.hardware import cpu
from pytest_sdperf.hardware.cpu import Cpu


def unknown() -> str:
    return "asked archspec"


@pytest.mark.parametrize(
    "chip, name, tier",
    [
        ("spr", "sapphirerapids", "amx"),
        ("spr_masked", "sapphirerapids", "avx512_bf16"),
        ("zen5", "zen5", "avx512_bf16"),
        ("haswell", "haswell", "avx2"),
        ("cascadelake", "cascadelake", "avx512_vnni"),
        ("arm", "asked archspec", "base"),
    ],
)
def test_chips_are_named_and_ranked(cpuinfo, chip, name, tier):
    found = cpu.detect_cpu(cpuinfo(chip))
    assert cpu.microarchitecture(found, otherwise=unknown) == name
    assert cpu.isa_tier(found.flags) == tier


def test_only_the_first_cpu_of_the_file_counts(cpuinfo):
    arm = cpu.read_cpuinfo(cpuinfo("arm"))
    assert arm == Cpu(vendor="0x41", flags=frozenset({"fp", "asimd", "sve", "bf16", "i8mm"}))
    zen5 = cpu.read_cpuinfo(cpuinfo("zen5"))
    assert (zen5.model_name, zen5.vendor, zen5.family, zen5.model, zen5.stepping) == (
        "AMD EPYC",
        "AuthenticAMD",
        26,
        2,
        1,
    )


def test_an_empty_cpuinfo_knows_nothing(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("")
    assert cpu.read_cpuinfo(path) == Cpu()


@pytest.mark.parametrize(
    "vendor, family, model, stepping, name",
    [
        ("GenuineIntel", 6, 0x55, 4, "skylake_avx512"),
        ("GenuineIntel", 6, 0x55, 5, "cascadelake"),
        ("GenuineIntel", 6, 0x55, 9, "cascadelake"),
        ("GenuineIntel", 6, 0x55, 10, "cooperlake"),
        ("GenuineIntel", 6, 0xCF, 2, "emeraldrapids"),
        ("GenuineIntel", 6, 0xAD, 1, "graniterapids"),
        ("GenuineIntel", 6, 0x97, 2, "asked archspec"),
        ("AuthenticAMD", 0x19, 0x0F, 0, "zen3"),
        ("AuthenticAMD", 0x19, 0x10, 0, "zen4"),
        ("AuthenticAMD", 0x19, 0x1F, 0, "zen4"),
        ("AuthenticAMD", 0x19, 0x20, 0, "zen3"),
        ("AuthenticAMD", 0x17, 0x31, 0, "zen2"),
        ("AuthenticAMD", 0x15, 0x31, 0, "asked archspec"),
    ],
)
def test_servers_go_by_family_and_model(vendor, family, model, stepping, name):
    chip = Cpu(vendor=vendor, family=family, model=model, stepping=stepping)
    assert cpu.microarchitecture(chip, otherwise=unknown) == name


def test_every_chip_with_amx_is_recognised_whatever_is_masked():
    assert cpu.AMX_CHIPS <= cpu.KNOWN_CHIPS


def test_avx512_foundation_alone_is_not_the_avx512_tier():
    assert cpu.isa_tier({"avx2", "avx512f"}) == "avx2"
    assert cpu.has_isa({"avx512f"}, "avx512f")


@pytest.mark.parametrize("missing", ["amx_tile", "amx_bf16"])
def test_amx_needs_both_of_its_flags(missing):
    flags = {"amx_tile", "amx_bf16", "amx_int8"} - {missing}
    assert cpu.missing_flags(flags, "amx") == [missing]
    assert cpu.isa_tier(flags) == "base"


@given(st.sets(st.sampled_from(sorted({flag for flags in cpu.ISA_FLAGS.values() for flag in flags}))))
def test_a_tier_is_held_and_nothing_better_is(flags):
    tier = cpu.isa_tier(flags)
    better = cpu.TIERS[: cpu.TIERS.index(tier)] if tier != "base" else cpu.TIERS
    assert tier == "base" or cpu.has_isa(flags, tier)
    assert not any(cpu.has_isa(flags, name) for name in better)


@pytest.mark.parametrize(
    "tier, precision",
    [
        ("amx", "bf16"),
        ("avx512_bf16", "bf16"),
        ("avx512_vnni", "f32"),
        ("avx512", "f32"),
        ("avx2", "f32"),
        ("base", "f32"),
    ],
)
def test_auto_stands_for_the_best_of_the_machine(machine, tier, precision):
    here = machine(isa_tier=tier)
    assert (cpu.native_precision(here), cpu.native_isa(here)) == (precision, tier)


@pytest.fixture
def fake_archspec(monkeypatch):
    """archspec as on Windows, where it warns about what it could not ask."""
    module = types.ModuleType("archspec.cpu")

    def detected_info():
        warnings.warn("no cpuid", stacklevel=1)
        return types.SimpleNamespace(vendor="GenuineIntel", features={"avx2", "avx512_bf16"})

    def host():
        warnings.warn("no cpuid", stacklevel=1)
        return types.SimpleNamespace(name="m2")

    module.detect = types.SimpleNamespace(detected_info=detected_info)
    module.brand_string = lambda: None
    module.host = host
    parent = types.ModuleType("archspec")
    parent.cpu = module
    monkeypatch.setitem(sys.modules, "archspec", parent)
    monkeypatch.setitem(sys.modules, "archspec.cpu", module)


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("fake_archspec")
def test_without_cpuinfo_archspec_is_asked_quietly(tmp_path):
    found = cpu.detect_cpu(tmp_path / "none")
    assert found == Cpu(vendor="GenuineIntel", flags=frozenset({"avx2", "avx512_bf16"}))
    assert cpu.microarchitecture(found) == "m2"


@pytest.mark.filterwarnings("error")
def test_archspec_itself_answers(tmp_path):
    assert isinstance(cpu.detect_cpu(tmp_path / "none"), Cpu)
    assert cpu.archspec_name()
