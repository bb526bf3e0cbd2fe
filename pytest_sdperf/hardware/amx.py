"""Whether AMX can be used, in four layers that fail for reasons of their own."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_sdperf.hardware import amx_kernel
from pytest_sdperf.hardware.amx_probe import Probe, probe_once
from pytest_sdperf.hardware.cpu import AMX_CHIPS, KNOWN_CHIPS, missing_flags

if TYPE_CHECKING:
    from pytest_sdperf.hardware.machine import Machine

_ARCH_GET_XCOMP_SUPP = 0x1021


@dataclass(frozen=True)
class Layer:
    """The answer of one layer."""

    number: int
    "1 to 4"
    name: str
    held: bool | None
    "None: nothing could be asked here (no torch, say), which is no refusal"
    found: str
    "what was found, to be read after the layer's name"
    cure: str = ""
    "what to do, a sentence; empty where the layer holds"

    @property
    def title(self) -> str:
        return f"layer {self.number} ({self.name})"


def layers(
    machine: Machine,
    *,
    isa: str = "amx",
    supported_features: Callable[[], int] | None = None,
    probe: Callable[[], Probe] | None = None,
) -> Iterator[Layer]:
    """The layers from the flags up, ending after the first that refuses.

    ``isa`` is `amx` (bf16, all four layers) or `amx_int8` (the first three: the real kernel is a bf16
    one). A child process is started, once a session, only where flags and kernel permission hold.
    """
    flags = flag_layer(machine, isa)
    yield flags
    if not flags.held:
        return
    permission = permission_layer(machine.system, machine.arch, supported_features)
    yield permission
    if permission.held is False:
        return
    tried = (probe or probe_once)()
    library = library_layer(tried)
    yield library
    if library.held is not False and isa == "amx":
        yield kernel_layer(tried)


def flag_layer(machine: Machine, isa: str = "amx") -> Layer:
    """Layer 1: the CPU's flags. Absent ones are not always the chip's fault: hypervisors mask them."""
    missing = missing_flags(machine.flags, isa)
    if not missing:
        return Layer(1, "CPU flags", True, f"hold every flag of {isa}")
    chip = machine.microarchitecture
    if chip in AMX_CHIPS:
        masker = "the hypervisor" if "hypervisor" in machine.flags else "the firmware or an old kernel"
        cure = f"The chip has AMX: {masker} masks it."
    elif chip in KNOWN_CHIPS:
        cure = f"{chip} has no AMX: run on Intel Sapphire Rapids or newer."
    elif "hypervisor" in machine.flags:
        cure = "A hypervisor may mask them; AMX needs Intel Sapphire Rapids or newer."
    else:
        cure = "AMX needs Intel Sapphire Rapids or newer."
    return Layer(1, "CPU flags", False, f"lacks {', '.join(missing)}; found {machine.isa_tier} ({chip})", cure)


def permission_layer(system: str, arch: str, supported_features: Callable[[], int] | None = None) -> Layer:
    """Layer 2: whether Linux hands out AMX's tile state.

    Only asks what the kernel supports, which changes nothing; the permission itself is for a whole
    process and is requested in the child that runs the real kernel.
    """
    if system != "Linux" or arch not in ("x86_64", "AMD64"):
        return Layer(2, "kernel permission", None, f"is not asked on {system} {arch}")
    try:
        mask = (supported_features or read_supported_features)()
    except OSError as error:
        return Layer(
            2,
            "kernel permission",
            False,
            f"cannot be asked: arch_prctl says {os.strerror(error.errno or 0)}",
            "Use Linux 5.16 or newer, and a sandbox that lets arch_prctl through.",
        )
    if mask >> amx_kernel.XFEATURE_XTILE_DATA & 1:
        return Layer(2, "kernel permission", True, f"offers tile data (XCOMP_SUPP {mask:#x})")
    return Layer(
        2,
        "kernel permission",
        False,
        f"offers no tile data (XCOMP_SUPP {mask:#x}, bit 18 is clear)",
        "Use Linux 5.16 or newer, without clearcpuid=amx or noxsave on its command line.",
    )


def read_supported_features() -> int:
    """The XSAVE features that Linux offers user space, as a bit mask. Raises OSError."""
    mask = ctypes.c_uint64(0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(amx_kernel.SYS_ARCH_PRCTL, _ARCH_GET_XCOMP_SUPP, ctypes.byref(mask)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return mask.value


def library_layer(tried: Probe) -> Layer:
    """Layer 3: torch's own view, `torch.cpu._is_amx_tile_supported()`."""
    name = "library's view"
    if "torch" not in tried.facts:
        return Layer(3, name, False, f"is unknown: importing torch {tried.ending}", "Fix the installation of torch.")
    version = tried.facts["torch"]
    if version is None:
        return Layer(3, name, None, "is not asked: torch is not installed")
    tile = tried.facts.get("tile")
    if tile is None:
        return Layer(3, name, None, f"is not asked: torch {version} has no _is_amx_tile_supported")
    if tile:
        return Layer(3, name, True, f"is that AMX can be used (torch {version})")
    return Layer(
        3,
        name,
        False,
        f"is that AMX cannot be used (torch {version})",
        "Use a torch whose cpuinfo knows this chip, 2.4 or newer.",
    )


def kernel_layer(tried: Probe) -> Layer:
    """Layer 4: a bf16 matmul that gave the right product and whose oneDNN line shows `_amx`."""
    name = "a real kernel"
    if tried.facts.get("torch", "") is None:
        return Layer(4, name, None, "is not run: torch is not installed")
    if tried.returncode != 0 or "product" not in tried.facts:
        return Layer(
            4,
            name,
            False,
            f"{tried.ending} in a bf16 matmul",
            "A hypervisor may advertise AMX without a tile palette: use another machine type.",
        )
    if tried.facts["product"] != [amx_kernel.SIZE, amx_kernel.SIZE]:
        found = f"computes {tried.facts['product']} where every product is {amx_kernel.SIZE}"
        return Layer(4, name, False, found, "Do not trust bf16 results on this machine.")
    shown = ", ".join(tried.implementations) or "no oneDNN line"
    if any("_amx" in implementation for implementation in tried.implementations):
        return Layer(4, name, True, f"ran on AMX ({shown})")
    return Layer(
        4,
        name,
        False,
        f"ran without AMX ({shown})",
        "Look for ONEDNN_MAX_CPU_ISA or DNNL_MAX_CPU_ISA in the environment, and at torch's build.",
    )
