"""Opinions on a machine's facts: what they mean for measuring on it. Pure, so that every machine can be made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_sdperf.doctor.diagnosis import Check, Section, State
from pytest_sdperf.doctor.system_facts import Frequency
from pytest_sdperf.hardware.amx import Layer
from pytest_sdperf.hardware.machine import Machine
from pytest_sdperf.stats.disturbance import MOST_FOREIGN, MOST_STEAL
from pytest_sdperf.units import format_bytes
from pytest_sdperf.wording import plain_share, plural

_LEAST_AVAILABLE = 2 * 1024**3
"""Bytes. Base and head of the packaged model take 1 GB each; the shapes of SD 1.5 take 5 to 9 GB."""

_MUCH_SWAP = 256 * 1024**2
"""Bytes that lie on the disk: some always do on a machine that is up for long."""


def cpu(machine: Machine, amx: Sequence[Layer]) -> Section:
    """The chip, its instruction sets, and AMX layer by layer."""
    chip = machine.cpu_model or "a CPU that does not name itself"
    virtual = ", a virtual machine" if "hypervisor" in machine.flags else ""
    checks = [
        Check("CPU", State.FINE, f"{chip} ({machine.microarchitecture}){virtual}"),
        Check("instruction set", State.FINE, f"{machine.isa_tier} is the best that can be used"),
    ]
    if machine.isa_tier == "base":
        checks[1] = Check(
            "instruction set", State.WEAK, "no AVX2: optimized kernels will hardly differ from plain ones"
        )
    states = {True: State.FINE, False: State.NOTE, None: State.NOTE}
    checks += [Check("AMX", states[layer.held], _layer(layer)) for layer in amx]
    return Section("CPU", checks)


def _layer(layer: Layer) -> str:
    cure = f". {layer.cure}" if layer.cure else ""
    return f"{layer.title} {layer.found}{cure}"


def cores(
    *,
    all_cpus: int,
    allowed: Sequence[int],
    physical: Sequence[Sequence[int]],
    quota: float | None,
    usable: int,
    nodes: Mapping[int, Sequence[int]],
    variables: Mapping[str, str],
) -> Section:
    """Threads and cores: affinity, hardware threads, cgroup quota, NUMA nodes, variables that steer threads."""
    bound = "" if len(allowed) == all_cpus else f" of {all_cpus}, by the affinity"
    checks = [
        Check("affinity", State.FINE, f"{plural(len(allowed), 'CPU')}{bound}: {_ranges(allowed)}"),
        Check("physical cores", State.FINE, f"{_threads(physical)}; {usable} can compute at the same time"),
    ]
    if quota is None:
        checks.append(Check("cgroup quota", State.FINE, "none"))
    elif quota < len(physical):
        advice = (
            f"Raise the container's CPU quota ({quota:g}) to {len(physical)}, or bind it to {usable} with a cpuset: a "
            "quota stops all threads for the rest of each period."
        )
        found = f"{quota:g} CPUs' time, less than the {plural(len(physical), 'core')}"
        checks.append(Check("cgroup quota", State.WEAK, found, advice))
    else:
        checks.append(Check("cgroup quota", State.FINE, f"{quota:g} CPUs' time"))
    checks.append(_numa(nodes))
    if variables:
        text = ", ".join(f"{name}={value}" for name, value in variables.items())
        checks.append(Check("variables", State.NOTE, f"{text} (part of what is measured)"))
    return Section("Threads and cores", checks)


def _threads(physical: Sequence[Sequence[int]]) -> str:
    most = max(map(len, physical), default=1)
    return f"{len(physical)}, {plural(most, 'hardware thread')} each"


def _numa(nodes: Mapping[int, Sequence[int]]) -> Check:
    if not nodes:
        return Check("NUMA nodes", State.NOTE, "not reported by this system")
    if len(nodes) == 1:
        return Check("NUMA nodes", State.FINE, "1")
    text = "; ".join(f"{node}: CPUs {_ranges(cpus)}" for node, cpus in nodes.items())
    node, cpus = next(iter(nodes.items()))
    advice = (
        f"Bind pytest to one NUMA node (numactl --cpunodebind={node} --membind={node}, or taskset -c {_ranges(cpus)}): "
        "memory of another node is slower, and which one a process gets is chance."
    )
    return Check("NUMA nodes", State.WEAK, f"{len(nodes)} ({text})", advice)


def clock(frequency: Frequency, *, virtual: bool) -> Section:
    """Governor and turbo."""
    where = "not reported: the host of this virtual machine decides" if virtual else "not reported by this system"
    checks = [Check("governor", State.NOTE, where)]
    if frequency.governors:
        text = ", ".join(frequency.governors) + (f" ({frequency.driver})" if frequency.driver else "")
        slow = [name for name in frequency.governors if name != "performance"]
        advice = "Use the governor performance: sudo cpupower frequency-set -g performance." if slow else ""
        checks = [Check("governor", State.WEAK if slow else State.FINE, text, advice)]
    if frequency.preferences:
        checks.append(Check("energy preference", State.NOTE, ", ".join(frequency.preferences)))
    if frequency.turbo is None:
        return Section("Clock", [*checks, Check("turbo", State.NOTE, where)])
    advice = (
        "Where you may, switch turbo off for measuring: it gives a core more or less by heat and by its neighbours. "
        "Side by side, base and head share it."
    )
    on = Check("turbo", State.WEAK, "on: clocks differ by heat and load", advice)
    return Section("Clock", [*checks, on if frequency.turbo else Check("turbo", State.FINE, "off: clocks are steady")])


def memory(*, usable: int, available: int, limit: int | None, swapped: int, huge_pages: str) -> Section:
    """Memory in bytes, swap, transparent huge pages."""
    enough = available >= _LEAST_AVAILABLE
    advice = "" if enough else "Free memory: two processes of the packaged model take 2 GB, real models 5 to 9 GB each."
    text = f"{format_bytes(available)} of {format_bytes(usable)}"
    checks = [
        Check("available", State.FINE if enough else State.WEAK, text, advice),
        Check("cgroup limit", State.FINE, "none" if limit is None else format_bytes(limit)),
    ]
    if swapped > _MUCH_SWAP:
        advice = "End what fills the memory, or switch swap off: a page that is read back stops its thread."
        checks.append(Check("swap", State.WEAK, f"{format_bytes(swapped)} in use", advice))
    words = {
        "": (State.NOTE, "not reported by this system", ""),
        "always": (State.FINE, "always", ""),
        "madvise": (State.FINE, "madvise: programs that ask for huge pages get them", ""),
        "never": (
            State.WEAK,
            "never: jemalloc's metadata_thp has no effect",
            "Allow transparent huge pages: echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled.",
        ),
    }
    state, found, advice = words.get(huge_pages, (State.NOTE, huge_pages, ""))
    return Section("Memory", [*checks, Check("huge pages", state, found, advice)])


def libraries(
    *, prefix: str, found: Mapping[str, tuple[str, str]], runtimes: Sequence[str], packages: Mapping[str, str]
) -> Section:
    """``found``: library to preload -> (file, cure), the file empty where there is none.

    Files are shown relative to the environment ``prefix`` where they lie below it.
    """
    roles = {"jemalloc": "allocator", "libiomp5": "OpenMP runtime"}
    checks = [Check("environment", State.NOTE, prefix)]
    for name, (file, cure) in found.items():
        role = roles.get(name, "library")
        if file:
            checks.append(Check(name, State.FINE, f"{role}, {_below(file, prefix)}"))
        else:
            advice = f"{name} is missing, which the tuned variants preload. {cure}"
            checks.append(Check(name, State.LACKS, f"{role}: none is found", advice))
    others = ", ".join(_below(file, prefix) for file in runtimes) or "none"
    checks.append(Check("OpenMP runtimes", State.NOTE, f"{others} (which one a variant uses is part of its proof)"))
    text = ", ".join(f"{name} {version}" for name, version in packages.items())
    if text:
        return Section("Libraries", [*checks, Check("packages", State.NOTE, text)])
    advice = 'Install what the variants need: pip install "pytest-sdperf[all]", or [torch], [openvino], [ipex].'
    return Section("Libraries", [*checks, Check("packages", State.LACKS, "no torch, no openvino", advice)])


def _below(file: str, prefix: str) -> str:
    return file.removeprefix(f"{prefix.rstrip('/')}/")


def load(*, per_cpu: float | None, steal: float | None, holder: str) -> Section:
    """``per_cpu``: average load of the last minute per CPU; ``steal``: share since the machine started."""
    checks = []
    if holder:
        advice = "Wait for the other sdperf session, or end it: two would measure each other."
        checks.append(Check("another session", State.WEAK, f"is measuring now: {holder}", advice))
    else:
        checks.append(Check("another session", State.FINE, "none is measuring now"))
    if per_cpu is not None:
        busy = per_cpu > 5 * MOST_FOREIGN
        advice = "End what else computes here: pairs that other processes disturb are dropped." if busy else ""
        checks.append(Check("load", State.WEAK if busy else State.FINE, f"{per_cpu:.2f} a CPU, last minute", advice))
    if steal is not None:
        much = steal > MOST_STEAL
        advice = "The hypervisor gives this machine's time to others: use a dedicated instance." if much else ""
        found = f"{plain_share(steal)} of the CPUs' time since the machine started"
        checks.append(Check("steal", State.WEAK if much else State.FINE, found, advice))
    return Section("Load", checks)


def _ranges(cpus: Sequence[int]) -> str:
    """(0, 1, 2, 8) -> ``0-2,8``."""
    parts: list[list[int]] = []
    for cpu_number in sorted(cpus):
        if parts and cpu_number == parts[-1][-1] + 1:
            parts[-1].append(cpu_number)
        else:
            parts.append([cpu_number])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
