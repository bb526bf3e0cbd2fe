from __future__ import annotations

import ctypes
import errno
import platform

import pytest

from pytest_sdperf.hardware import amx
from pytest_sdperf.hardware.amx_probe import Probe

GRANTED = 1 << 18 | 0xE7
AMX_LINE = "brg_matmul:avx10_1_512_amx"
GOOD = Probe(0, {"torch": "2.8.0", "tile": True, "granted": True, "product": [256.0, 256.0]}, (AMX_LINE,))


def probe_with(**changes: object) -> Probe:
    return Probe(0, {**GOOD.facts, **changes}, GOOD.implementations)


def never():
    raise AssertionError("a child process was started although an earlier layer refuses")


def test_all_four_layers_hold(machine):
    held = list(amx.layers(machine("spr"), supported_features=lambda: GRANTED, probe=lambda: GOOD))
    assert [layer.held for layer in held] == [True] * 4
    assert [layer.title for layer in held] == [
        "layer 1 (CPU flags)",
        "layer 2 (kernel permission)",
        "layer 3 (library's view)",
        "layer 4 (a real kernel)",
    ]
    assert [layer.found for layer in held] == [
        "hold every flag of amx",
        "offers tile data (XCOMP_SUPP 0x400e7)",
        "is that AMX can be used (torch 2.8.0)",
        f"ran on AMX ({AMX_LINE})",
    ]


def test_missing_flags_end_the_search(machine):
    (layer,) = amx.layers(machine("zen5"), supported_features=never, probe=never)
    assert layer.held is False
    assert layer.found == "lacks amx_tile, amx_bf16; found avx512_bf16 (zen5)"
    assert layer.cure == "zen5 has no AMX: run on Intel Sapphire Rapids or newer."


@pytest.mark.parametrize(
    "chip, changes, cure",
    [
        ("spr_masked", {}, "The chip has AMX: the hypervisor masks it."),
        (
            "spr_masked",
            {"flags": frozenset({"avx2"})},
            "The chip has AMX: the firmware or an old kernel masks it.",
        ),
        (
            "zen5",
            {"microarchitecture": "x86_64_v4"},
            "A hypervisor may mask them; AMX needs Intel Sapphire Rapids or newer.",
        ),
        (
            "haswell",
            {"microarchitecture": "neoverse_v1", "arch": "aarch64"},
            "AMX needs Intel Sapphire Rapids or newer.",
        ),
    ],
)
def test_masked_flags_are_told_from_a_chip_without(machine, chip, changes, cure):
    assert amx.flag_layer(machine(chip, **changes)).cure == cure


def test_a_kernel_without_tile_data_ends_the_search(machine):
    *_, layer = amx.layers(machine("spr"), supported_features=lambda: 0xE7, probe=never)
    assert (layer.number, layer.held) == (2, False)
    assert layer.found == "offers no tile data (XCOMP_SUPP 0xe7, bit 18 is clear)"
    assert layer.cure == "Use Linux 5.16 or newer, without clearcpuid=amx or noxsave on its command line."


def test_a_kernel_that_does_not_know_the_question(machine):
    def refuse() -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    layer = amx.permission_layer("Linux", "x86_64", refuse)
    assert layer.held is False
    assert layer.found == "cannot be asked: arch_prctl says Invalid argument"
    assert layer.cure == "Use Linux 5.16 or newer, and a sandbox that lets arch_prctl through."


@pytest.mark.parametrize("system, arch", [("Windows", "AMD64"), ("Darwin", "arm64"), ("Linux", "aarch64")])
def test_other_systems_have_no_such_permission(system, arch):
    layer = amx.permission_layer(system, arch, never)
    assert (layer.held, layer.found) == (None, f"is not asked on {system} {arch}")


def test_windows_goes_on_to_the_library(machine):
    held = list(amx.layers(machine("spr", system="Windows", arch="AMD64"), probe=lambda: GOOD))
    assert [layer.held for layer in held] == [True, None, True, True]


def test_int8_takes_the_first_three_layers(machine):
    held = list(amx.layers(machine("spr"), isa="amx_int8", supported_features=lambda: GRANTED, probe=lambda: GOOD))
    assert [layer.number for layer in held] == [1, 2, 3]
    (refused,) = amx.layers(machine("zen5"), isa="amx_int8", probe=never)
    assert refused.found == "lacks amx_tile, amx_int8; found avx512_bf16 (zen5)"


def test_a_library_that_refuses_ends_the_search(machine):
    found = list(amx.layers(machine("spr"), supported_features=lambda: GRANTED, probe=lambda: probe_with(tile=False)))
    assert [layer.held for layer in found] == [True, True, False]
    assert found[-1].found == "is that AMX cannot be used (torch 2.8.0)"
    assert found[-1].cure == "Use a torch whose cpuinfo knows this chip, 2.4 or newer."


def test_without_torch_nothing_can_be_asked_and_that_is_said(machine):
    found = list(
        amx.layers(machine("spr"), supported_features=lambda: GRANTED, probe=lambda: Probe(0, {"torch": None}))
    )
    assert [layer.held for layer in found] == [True, True, None, None]
    assert [layer.found for layer in found[2:]] == [
        "is not asked: torch is not installed",
        "is not run: torch is not installed",
    ]


def test_a_torch_without_the_question():
    layer = amx.library_layer(probe_with(torch="2.1.0", tile=None))
    assert (layer.held, layer.found) == (None, "is not asked: torch 2.1.0 has no _is_amx_tile_supported")


def test_a_broken_torch_is_not_an_absent_one():
    layer = amx.library_layer(Probe(1, {}, (), "ImportError: libtorch.so"))
    assert layer.held is False
    assert layer.found == "is unknown: importing torch ended with exit code 1 (ImportError: libtorch.so)"
    assert layer.cure == "Fix the installation of torch."


def test_an_illegal_instruction_is_the_fourth_layers_answer(machine):
    facts = {"torch": "2.8.0", "tile": True, "granted": True}
    found = list(amx.layers(machine("spr"), supported_features=lambda: GRANTED, probe=lambda: Probe(-4, facts)))
    assert [layer.held for layer in found] == [True, True, True, False]
    assert found[-1].found == "was killed by SIGILL in a bf16 matmul"
    assert found[-1].cure == "A hypervisor may advertise AMX without a tile palette: use another machine type."


def test_a_child_that_ends_without_a_product():
    layer = amx.kernel_layer(Probe(0, {"torch": "2.8.0", "tile": True}))
    assert (layer.held, layer.found) == (False, "ended with exit code 0 in a bf16 matmul")


def test_a_wrong_product_is_refused_even_on_amx():
    layer = amx.kernel_layer(probe_with(product=[0.0, 256.0]))
    assert (layer.held, layer.found) == (False, "computes [0.0, 256.0] where every product is 256")
    assert layer.cure == "Do not trust bf16 results on this machine."


@pytest.mark.parametrize(
    "implementations, shown",
    [(("brg_matmul:avx512_core_bf16",), "brg_matmul:avx512_core_bf16"), ((), "no oneDNN line")],
)
def test_a_kernel_off_amx_is_refused(implementations, shown):
    layer = amx.kernel_layer(Probe(0, GOOD.facts, implementations))
    assert (layer.held, layer.found) == (False, f"ran without AMX ({shown})")
    assert layer.cure == "Look for ONEDNN_MAX_CPU_ISA or DNNL_MAX_CPU_ISA in the environment, and at torch's build."


class FakeLibc:
    """A libc whose arch_prctl answers with a mask, or refuses where there is none."""

    def __init__(self, mask: int | None) -> None:
        self.mask = mask

    def syscall(self, number: int, question: int, answer: object) -> int:
        assert (number, question) == (158, 0x1021)
        if self.mask is None:
            return -1
        answer._obj.value = self.mask  # type: ignore[attr-defined]
        return 0


@pytest.mark.parametrize("mask", [0xE7, GRANTED])
def test_the_kernel_is_asked_what_it_supports(monkeypatch, mask):
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: FakeLibc(mask))
    assert amx.read_supported_features() == mask


def test_a_refused_question_is_an_oserror(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: FakeLibc(None))
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EPERM)
    with pytest.raises(OSError, match="Operation not permitted"):
        amx.read_supported_features()


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64", reason="arch_prctl is Linux x86-64's"
)
def test_this_kernel_answers():
    assert amx.permission_layer("Linux", "x86_64").number == 2
