"""Look at this machine and hand the facts to the opinions; nothing is changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_sdperf.doctor import opinions
from pytest_sdperf.doctor.diagnosis import Diagnosis, Noise, Regimes, Section
from pytest_sdperf.doctor.runnable import known_variants, runnable
from pytest_sdperf.doctor.system_facts import numa_nodes, openmp_runtimes, read_frequency, transparent_huge_pages
from pytest_sdperf.hardware import amx, cgroup
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.hardware.libraries import KNOWN, find_library
from pytest_sdperf.hardware.machine import Machine, machine_key
from pytest_sdperf.hardware.resources import (
    allowed_cpus,
    available_memory_bytes,
    physical_cores,
    usable_cores,
    usable_memory_bytes,
)
from pytest_sdperf.launch.host_lock import current_holder
from pytest_sdperf.worker.environment import package_versions, steering_variables

_ROOT = Path("/")


def examine(measure: Callable[[], tuple[Noise, Regimes]] | None, *, no_noise: str = "") -> Diagnosis:
    """The whole diagnosis of this machine; ``measure`` measures its noise, None where ``no_noise`` says why not."""
    noise, regimes = measure() if measure else (None, None)
    machine = detect()
    registry, problems = known_variants()
    return Diagnosis(
        machine_key=machine_key(machine),
        sections=facts(machine),
        variants=runnable((registry[name], registry.origin(name)) for name in registry),
        noise=noise,
        regimes=regimes,
        no_noise=no_noise,
        problems=problems,
    )


def facts(machine: Machine, *, root: Path = _ROOT, environ: Mapping[str, str] | None = None) -> list[Section]:
    """Every section but variants and noise; the system's files are read below ``root``."""
    import psutil

    allowed = allowed_cpus()
    all_cpus = psutil.cpu_count(logical=True) or len(allowed)
    holder = current_holder()
    return [
        opinions.cpu(machine, list(amx.layers(machine))),
        opinions.cores(
            all_cpus=all_cpus,
            allowed=allowed,
            physical=physical_cores(allowed, root=root),
            quota=cgroup.cpu_quota(root),
            usable=usable_cores(root=root),
            nodes=numa_nodes(allowed, root=root),
            variables=steering_variables(os.environ if environ is None else environ),
        ),
        opinions.clock(read_frequency(allowed, root=root), virtual="hypervisor" in machine.flags),
        opinions.memory(
            usable=usable_memory_bytes(root=root),
            available=available_memory_bytes(root=root),
            limit=cgroup.memory_limit(root),
            swapped=int(psutil.swap_memory().used),
            huge_pages=transparent_huge_pages(root=root),
        ),
        opinions.libraries(
            prefix=sys.prefix,
            found={name: (str(find_library(name) or ""), cure) for name, (_, cure) in KNOWN.items()},
            runtimes=[str(path) for path in openmp_runtimes(root=root)],
            packages=package_versions(),
        ),
        opinions.load(
            per_cpu=_load_per_cpu(all_cpus), steal=_steal_share(), holder="" if holder is None else str(holder)
        ),
    ]


def _load_per_cpu(all_cpus: int) -> float | None:
    return os.getloadavg()[0] / all_cpus if hasattr(os, "getloadavg") else None


def _steal_share() -> float | None:
    """Share of the CPUs' time that the hypervisor took since the start; None off Linux."""
    import psutil

    times = psutil.cpu_times()
    steal = getattr(times, "steal", None)
    return None if steal is None or not sum(times) else float(steal / sum(times))
