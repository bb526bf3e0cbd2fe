"""Resolve a variant's launch settings to the exact environment and CPUs of its worker process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.errors import LaunchError
from pytest_sdperf.hardware import libraries
from pytest_sdperf.variant import Launch

FindLibrary = Callable[[str], Path | None]
"""Name or absolute path -> file that can be loaded here, or None; see `hardware.libraries.find_library`."""

# They print a line for every kernel, which spoils timings, and under the first two OpenVINO's
# inference fails. The evidence run switches them on by itself where it needs them.
_VERBOSE = ("ONEDNN_VERBOSE", "DNNL_VERBOSE", "MKL_VERBOSE")

# Variables of pytest, coverage and Python's own tracing: their work inside the worker must not be measured.
_INSTRUMENTATION = (
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
    "PYTHONTRACEMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONINSPECT",
)
_INSTRUMENTATION_PREFIXES = ("COV_CORE_", "PYTEST_")

# Set by us alone: what the launch asked for, and whose worker it is.
_OURS = ("SDPERF_CPUS", "SDPERF_THREADS", "SDPERF_QUOTA_THREADS", "SDPERF_WORKER")

# They bind threads one by one, each to CPUs of its own, from the first of the process's CPUs on.
_BINDING = ("KMP_AFFINITY", "GOMP_CPU_AFFINITY", "OMP_PLACES", "OMP_PROC_BIND")
_UNBOUND = ("none", "disabled", "false")

# openvino's telemetry package stays silent under CI=true only (not under CI=1), nncf's under NNCF_CI.
_QUIET = {
    "CI": "true",
    "NNCF_CI": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

_ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc")


@dataclass(frozen=True)
class ResolvedLaunch:
    """Settings that a worker process starts with."""

    env: Mapping[str, str]
    "its whole environment"
    cpus: tuple[int, ...] = ()
    "CPUs it is bound to; empty: those of the session"


def resolve_launch(
    launch: Launch,
    *,
    base_env: Mapping[str, str],
    cpus: Sequence[int],
    find_library: FindLibrary,
    quota_threads: int = 0,
    idle_first: Callable[[Sequence[int]], Sequence[int]] = tuple,
    network: bool = False,
    platform: str = sys.platform,
) -> ResolvedLaunch:
    """Settle everything before a process starts, because later most faults are silent.

    ``cpus`` are those that ``pin`` binds to: one hardware thread of each usable physical core.
    ``find_library`` gives the file of `jemalloc` or `libiomp5`, None where there is none. Variables of
    the user (``OMP_*``, ``ONEDNN_MAX_CPU_ISA`` …) pass through: they are part of what is measured.
    ``quota_threads`` is how many threads a CPU quota below the affinity feeds, 0 where there is none. Every process
    computes with so many unless the user or the variant says otherwise, so that variants are compared under equal
    conditions. ``cpus`` is then the whole affinity, and of these a variant that binds its threads gets the first of
    ``idle_first(cpus)``.
    Raises LaunchError for a preload file that does not exist, a verbose switch in the variant's
    environment, and for preload or pinning off Linux.
    """
    for name in _VERBOSE:
        if name in launch.env:
            raise LaunchError(
                f"the variant sets {name}, which prints during the timed pictures",
                where="Launch.env",
                cure="Remove it: evidence is collected in a run of its own.",
            )
    if platform != "linux" and (launch.preload or launch.pin):
        asked = f"preload={launch.preload!r}" if launch.preload else "pin=True"
        raise LaunchError(
            f"{asked} does not work on {platform}",
            where="Launch",
            cure="Declare the requirement `linux`, so that the variant skips there.",
        )
    env = {name: value for name, value in base_env.items() if not _left_out(name)}
    env |= _QUIET
    if not network:
        env |= _OFFLINE
    pinned = tuple(cpus) if launch.pin else ()
    if launch.pin:
        if not pinned:
            raise LaunchError(
                "no CPU is left to pin to", where="Launch.pin", cure="Give the session at least one usable CPU."
            )
        if quota_threads and any(binds_threads(name, {**env, **launch.env}.get(name, "")) for name in _BINDING):
            pinned = tuple(sorted(idle_first(pinned)[:quota_threads]))
        env["OMP_NUM_THREADS"] = str(quota_threads or len(pinned))
        env["SDPERF_CPUS"] = ",".join(map(str, pinned))
    if quota_threads:
        env.setdefault("OMP_NUM_THREADS", str(quota_threads))
        env["SDPERF_QUOTA_THREADS"] = str(quota_threads)
    env |= launch.env
    threads = env["OMP_NUM_THREADS"] if launch.pin else launch.env.get("OMP_NUM_THREADS", "")
    if threads:
        env["SDPERF_THREADS"] = threads
    _preload(launch.preload, env, find_library)
    return ResolvedLaunch(env=env, cpus=pinned)


def binds_threads(name: str, value: str) -> bool:
    """Whether a variable makes an OpenMP runtime bind its threads to single CPUs."""
    return name in _BINDING and bool(value) and not any(word in value.lower() for word in _UNBOUND)


def _left_out(name: str) -> bool:
    return name in _VERBOSE + _INSTRUMENTATION + _OURS or name.startswith(_INSTRUMENTATION_PREFIXES)


def _preload(names: Sequence[str], env: dict[str, str], find_library: FindLibrary) -> None:
    """Put ``names`` before what the user preloads already, in place."""
    files = [_library_file(name, find_library) for name in names]
    already = env.get("LD_PRELOAD", "").replace(":", " ").split()
    preload = list(dict.fromkeys([*files, *already]))
    if not preload:
        return
    env["LD_PRELOAD"] = ":".join(preload)
    if any(allocator in Path(file).name for file in preload for allocator in _ALLOCATORS):
        # Otherwise TBB opens hwloc with RTLD_DEEPBIND, whose memory comes from the other malloc:
        # `free(): invalid pointer` in OpenVINO (seen with openvino 2026.4).
        env.setdefault("TBB_ENABLE_SANITIZERS", "1")


def _library_file(name: str, find_library: FindLibrary) -> str:
    """The file to preload. The dynamic linker only prints when one is missing, so that is refused here."""
    where = "Launch.preload"
    absolute = Path(name).is_absolute()
    if not absolute and name not in libraries.KNOWN:
        raise LaunchError(
            f"library {name!r} to preload is not known",
            where=where,
            cure=f"Use one of: {', '.join(libraries.KNOWN)}, or an absolute path.",
        )
    if absolute and not Path(name).is_file():
        raise LaunchError(
            f"the library to preload does not exist: {name}", where=where, cure="Correct the path or install it."
        )
    found = find_library(name)
    if found is None and absolute:
        raise LaunchError(
            f"{name} cannot be preloaded: it is not a shared library for this processor",
            where=where,
            cure="Name one that was built for it.",
        )
    if found is None or not found.is_file():
        seen = f" at {found}" if found else ""
        raise LaunchError(
            f"library {name!r} to preload was not found{seen}", where=where, cure=libraries.KNOWN[name][1]
        )
    path = str(found.absolute())
    if any(c in path for c in " :"):
        raise LaunchError(
            f"the path {path!r} has a space or colon, which LD_PRELOAD cannot hold",
            where=where,
            cure="Make a link to it in a folder without them.",
        )
    return path
