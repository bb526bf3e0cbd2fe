"""The cores and the memory this process may really use: affinity, topology and cgroup, not os.cpu_count()."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pytest_sdperf.hardware import cgroup

_ROOT = Path("/")


def allowed_cpus() -> tuple[int, ...]:
    """Logical CPUs this process may run on, ascending.

    macOS cannot bind a process: there it is all of them.
    """
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    import psutil

    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):
        return tuple(sorted(process.cpu_affinity()))
    return tuple(range(psutil.cpu_count(logical=True) or 1))


def physical_cores(cpus: Sequence[int], *, root: Path = _ROOT) -> list[tuple[int, ...]]:
    """The logical CPUs of ``cpus`` grouped by the physical core they are threads of, sockets one after another.

    Read from ``/sys`` below ``root``. Where that says nothing (macOS, Windows, gVisor), psutil's number
    of physical cores decides: threads of a core are taken to be neighbours, as Windows numbers them.
    """
    grouped: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for cpu in cpus:
        topology = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        siblings = read_cpu_list(topology / "core_cpus_list") or read_cpu_list(topology / "thread_siblings_list")
        if not siblings:
            return _cores_by_count(cpus)
        grouped.setdefault((_read_number(topology / "physical_package_id"), siblings), []).append(cpu)
    return [tuple(sorted(threads)) for _, threads in sorted(grouped.items())]


def usable_cores(*, root: Path = _ROOT, cpus: Sequence[int] | None = None) -> int:
    """Physical cores that can compute at the same time, at least 1.

    The smaller of the physical cores within the affinity and the cgroup's CPU quota rounded *down*: with
    a quota of 1.5 two threads use up a period's time together and then both stand still until the next
    one, so that one steady thread is the honest number.
    """
    cores = len(one_cpu_per_core(root=root, cpus=cpus))
    quota = cgroup.cpu_quota(root)
    return cores if quota is None else max(1, min(cores, int(quota)))


def one_cpu_per_core(*, root: Path = _ROOT, cpus: Sequence[int] | None = None) -> tuple[int, ...]:
    """One logical CPU of each physical core within the affinity, ascending; ``cpus`` defaults to the affinity."""
    cores = physical_cores(allowed_cpus() if cpus is None else cpus, root=root)
    return tuple(sorted(threads[0] for threads in cores))


def pinned_cpus(*, root: Path = _ROOT, cpus: Sequence[int] | None = None) -> tuple[int, ...]:
    """CPUs that a pinned process is bound to: one of each core; the whole affinity where a quota allows fewer cores.

    Another container has the same quota and the same affinity: with both on the first cores each would take from the
    other while the rest is idle. Unbound, the scheduler parts them.
    """
    allowed = tuple(allowed_cpus() if cpus is None else sorted(cpus))
    every = one_cpu_per_core(root=root, cpus=allowed)
    return every if usable_cores(root=root, cpus=allowed) == len(every) else allowed


def limiting_quota(*, root: Path = _ROOT, cpus: Sequence[int] | None = None) -> float | None:
    """The CPU quota where it is less than the affinity, in CPUs' worth of time; None where nothing limits further.

    Libraries start a thread for each CPU of the affinity; such a quota stops all of them for a part of each period.
    """
    quota = cgroup.cpu_quota(root)
    return None if quota is None or quota >= len(allowed_cpus() if cpus is None else cpus) else quota


def usable_memory_bytes(*, root: Path = _ROOT) -> int:
    """Physical memory or the cgroup's limit, whichever is smaller, bytes."""
    import psutil

    physical = int(psutil.virtual_memory().total)
    limit = cgroup.memory_limit(root)
    return physical if limit is None else min(physical, limit)


def available_memory_bytes(*, root: Path = _ROOT) -> int:
    """Memory that can be allocated now without swapping or hitting the cgroup's limit, bytes."""
    import psutil

    available = int(psutil.virtual_memory().available)
    left = cgroup.memory_left(root)
    return available if left is None else min(available, left)


def _cores_by_count(cpus: Sequence[int]) -> list[tuple[int, ...]]:
    import psutil

    logical = psutil.cpu_count(logical=True) or len(cpus)
    physical = psutil.cpu_count(logical=False) or logical
    if logical % physical:  # cores of two kinds, only some with two threads: which, nothing says
        return [(cpu,) for cpu in sorted(cpus)[:physical]]
    threads = logical // physical
    grouped: dict[int, list[int]] = {}
    for cpu in sorted(cpus):
        grouped.setdefault(cpu // threads, []).append(cpu)
    return [tuple(group) for group in grouped.values()]


def read_cpu_list(path: Path) -> tuple[int, ...]:
    """``0-2,8`` -> (0, 1, 2, 8); empty where the file cannot be read."""
    try:
        text = path.read_text(encoding="ascii")
        cpus: list[int] = []
        for part in text.strip().split(","):
            first, dash, last = part.partition("-")
            cpus.extend(range(int(first), int(last if dash else first) + 1))
    except (OSError, ValueError):
        return ()
    return tuple(cpus)


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
