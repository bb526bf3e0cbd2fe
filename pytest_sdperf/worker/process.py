"""The allocator, the OpenMP runtime and the CPUs that are in force in this process itself."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_MALLOC_OPTIONS: dict[str, type[ctypes._SimpleCData[Any]]] = {
    "oversize_threshold": ctypes.c_size_t,
    "background_thread": ctypes.c_bool,
    "metadata_thp": ctypes.c_char_p,
    "dirty_decay_ms": ctypes.c_ssize_t,
    "muzzy_decay_ms": ctypes.c_ssize_t,
}
"""jemalloc's `opt.*` that MALLOC_CONF sets, with their C types (jemalloc(3))."""


class _SymbolInfo(ctypes.Structure):
    """`Dl_info` of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def file_of_symbol(name: str) -> str:
    """The file whose ``name`` this process calls, empty where nothing defines it.

    Maps and library lists mislead: a preloaded runtime leaves the bundled one mapped, and a preload
    file that is missing is only printed about. Only the address that a call goes to is reliable.
    """
    try:
        process = ctypes.CDLL(None)
        function = getattr(process, name)
        dladdr = process.dladdr
    except (AttributeError, TypeError, OSError):  # not defined; or no dladdr (Windows)
        return ""
    info = _SymbolInfo()
    found = dladdr(ctypes.cast(function, ctypes.c_void_p), ctypes.byref(info))
    return os.fsdecode(info.file) if found and info.file else ""


def allocator() -> str:
    """The file that malloc resolves to."""
    return file_of_symbol("malloc")


def allocator_settings() -> dict[str, str]:
    """Settings that jemalloc reads back, empty for other allocators."""
    if not file_of_symbol("mallctl") or file_of_symbol("mallctl") != allocator():
        return {}
    mallctl = ctypes.CDLL(None).mallctl
    settings = {}
    for name, kind in _MALLOC_OPTIONS.items():
        value = kind()
        size = ctypes.c_size_t(ctypes.sizeof(value))
        if mallctl(f"opt.{name}".encode(), ctypes.byref(value), ctypes.byref(size), None, 0) == 0:
            settings[name] = _text(value.value)
    return settings


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value).lower() if isinstance(value, bool) else str(value)


def openmp_runtime() -> str:
    """The file of the OpenMP runtime in use, empty where none is loaded.

    GCC's entry point first, which torch calls; then LLVM's, which libiomp5 and libomp share.
    """
    return file_of_symbol("GOMP_parallel") or file_of_symbol("__kmpc_fork_call")


def openmp_settings() -> dict[str, str]:
    """Settings that the OpenMP runtime reads back, all of them numbers.

    ``place_cpus`` is the number of CPUs that the calling thread is bound to: 1 where KMP_AFFINITY with the finest
    granularity or OMP_PROC_BIND is in force, absent where threads have no place at all. (``omp_get_proc_bind``
    would not do: importing IPEX 2.8 makes it read `false` while all stay bound.) ``blocktime_ms`` is
    there under libiomp5 and libomp only.
    """
    if not openmp_runtime():
        return {}
    process = ctypes.CDLL(None)
    settings = {
        "max_threads": str(process.omp_get_max_threads()),
        "num_places": str(process.omp_get_num_places()),
    }
    place = process.omp_get_place_num()
    if place >= 0:
        settings["place_cpus"] = str(process.omp_get_place_num_procs(place))
    if file_of_symbol("kmp_get_blocktime") == openmp_runtime():
        settings["blocktime_ms"] = str(process.kmp_get_blocktime())
    return settings


def cpus_seen() -> list[int]:
    """Union of the CPUs that the threads of this process may run on, sorted; empty where it cannot be known."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    tasks = Path("/proc/self/task")
    cpus: set[int] = set()
    for task in tasks.iterdir() if tasks.is_dir() else ():
        with suppress(ProcessLookupError):  # the thread has just ended
            cpus |= os.sched_getaffinity(int(task.name))
    return sorted(cpus or os.sched_getaffinity(0))


def cpus_asked(environment: Mapping[str, str]) -> list[int]:
    """CPUs that the launch asked for, from the launcher's ``SDPERF_CPUS`` (`0,1`); empty: none."""
    return sorted(int(cpu) for cpu in environment.get("SDPERF_CPUS", "").split(",") if cpu.strip())


def threads_asked(environment: Mapping[str, str]) -> int:
    """Threads that the launch asked for, from the launcher's ``SDPERF_THREADS``; 0: none.

    Of a list, one number for each level of nesting (``4,2``), the first counts.
    """
    return int(environment.get("SDPERF_THREADS", "").partition(",")[0] or 0)
