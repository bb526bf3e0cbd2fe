"""Whether a requirement is met here: None, or else the layer that refuses, what was found, and the cure."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

from pytest_sdperf import units
from pytest_sdperf.hardware import amx, detection, libraries
from pytest_sdperf.hardware.cpu import missing_flags
from pytest_sdperf.hardware.machine import Machine
from pytest_sdperf.hardware.requirements import SYSTEMS, Requirement, Unmet, parse, parse_package


def check(
    requirement: str,
    machine: Machine | None = None,
    *,
    amx_unmet: Callable[[Machine, str], Unmet | None] | None = None,
) -> Unmet | None:
    """None where ``requirement`` holds on ``machine`` (default: this one), else why it does not.

    Packages, libraries and the deeper layers of AMX are always those of this machine; ``amx_unmet``
    replaces the latter. Raises CaseError where the requirement cannot be understood.
    """
    wanted = parse(requirement)
    if wanted.kind == "package":
        return package(wanted)
    if wanted.kind == "library":
        return library(wanted)
    here = machine or detection.detect()
    if wanted.kind == "cores":
        return cores(wanted, here)
    if wanted.kind == "memory":
        return memory(wanted, here)
    if wanted.kind == "os":
        return system(wanted, here)
    return instruction_sets(wanted, here, amx_unmet or amx_layers)


def amx_layers(machine: Machine, isa: str) -> Unmet | None:
    """The first layer that refuses AMX on this machine."""
    for layer in amx.layers(machine, isa=isa):
        if layer.held is False:
            return Unmet(isa, layer.title, layer.found, layer.cure)
    return None


def instruction_sets(
    wanted: Requirement, machine: Machine, amx_unmet: Callable[[Machine, str], Unmet | None]
) -> Unmet | None:
    """One of the alternatives must hold: AMX in all its layers, the others by the CPU's flags.

    Flags suffice for AVX: the kernel clears those whose registers it does not save, and a variant's
    claims prove from its own run that the kernels used them. AMX alone must be asked for.
    """
    refused: list[Unmet] = []
    # the flags of AVX are free to read, a layer of AMX may start a process
    for isa in sorted(wanted.alternatives, key=lambda name: name.startswith("amx")):
        unmet = amx_unmet(machine, isa) if isa.startswith("amx") else flags(machine, isa)
        if unmet is None:
            return None
        refused.append(unmet)
    layer = refused[0].layer
    found = "; ".join([refused[0].found, *(f"{u.layer} {u.found}" for u in refused[1:])])
    return Unmet(wanted.text, layer, found, " ".join(dict.fromkeys(u.cure for u in refused)))


def flags(machine: Machine, isa: str) -> Unmet | None:
    missing = missing_flags(machine.flags, isa)
    if not missing:
        return None
    found = f"lacks {', '.join(missing)}; found {machine.isa_tier} ({machine.microarchitecture})"
    masked = " A hypervisor may mask them." if "hypervisor" in machine.flags else ""
    return Unmet(isa, "layer 1 (CPU flags)", found, f"Run on a CPU with {isa}.{masked}")


def cores(wanted: Requirement, machine: Machine) -> Unmet | None:
    """Usable physical cores, not logical CPUs."""
    if machine.usable_cores >= wanted.amount:
        return None
    return Unmet(
        wanted.text,
        "affinity and cgroup quota",
        f"leave {machine.usable_cores} physical core{'s' if machine.usable_cores != 1 else ''}",
        "Run on more cores, or widen taskset, the container's CPUs or its quota.",
    )


def memory(wanted: Requirement, machine: Machine) -> Unmet | None:
    """Usable memory in all, whatever is free at this moment."""
    if machine.memory_bytes >= wanted.amount:
        return None
    return Unmet(
        wanted.text,
        "machine and cgroup limit",
        f"leave {units.format_bytes(machine.memory_bytes)} of memory",
        "Run with more memory, or raise the container's limit.",
    )


def system(wanted: Requirement, machine: Machine) -> Unmet | None:
    """The operating system."""
    if machine.system in {SYSTEMS[name] for name in wanted.alternatives}:
        return None
    names = {known: name for name, known in SYSTEMS.items()}
    here = names.get(machine.system, machine.system or "unknown")
    return Unmet(wanted.text, "operating system", f"is {here}", f"Run on {' or '.join(wanted.alternatives)}.")


def package(wanted: Requirement) -> Unmet | None:
    """An installed distribution of a version; nothing is imported."""
    from packaging.version import InvalidVersion, Version

    value = wanted.alternatives[0]
    asked = parse_package(value, wanted.text)
    layer, cure = "this environment", f'Install it: pip install "{value}".'
    try:
        # None where an uninstallation left metadata without a version behind
        installed: str | None = importlib.metadata.version(asked.name)
    except importlib.metadata.PackageNotFoundError:
        return Unmet(wanted.text, layer, f"has no {asked.name}", cure)
    try:
        meets = asked.specifier.contains(Version(installed or ""), prereleases=True)
    except InvalidVersion:
        meets = False
    return None if meets else Unmet(wanted.text, layer, f"has {asked.name} {installed or 'without a version'}", cure)


def library(wanted: Requirement) -> Unmet | None:
    """A shared library that can be preloaded."""
    name = wanted.alternatives[0]
    if libraries.find_library(name) is not None:
        return None
    if not libraries.can_preload():
        return Unmet(wanted.text, "operating system", "has no LD_PRELOAD", "Run on Linux.")
    if name in libraries.KNOWN:
        found, cure = f"finds no {name} for this interpreter's processor", libraries.KNOWN[name][1]
    else:
        found, cure = "is missing there or made for another processor", "Name an existing library."
    return Unmet(wanted.text, "library search" if name in libraries.KNOWN else "the file", found, cure)
