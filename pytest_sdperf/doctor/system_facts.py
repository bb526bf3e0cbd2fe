"""Facts of a system that only the doctor reads: clock, huge pages, memory nodes and OpenMP runtimes."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.hardware.resources import read_cpu_list

_CPU = "sys/devices/system/cpu"

_RUNTIME = re.compile(r"lib(?:gomp|iomp5|omp)(?:-[0-9a-f]+)?\.so(?:\.\d+)*")
"""With the digest that wheels put into the names of what they carry."""


@dataclass(frozen=True)
class Frequency:
    """Clock settings that /sys states; empty where it states none, as on most virtual machines."""

    governors: tuple[str, ...] = ()
    "of the CPUs asked about, each once: `performance`, `powersave`, `schedutil`"
    driver: str = ""
    "`intel_pstate`, `amd-pstate-epp`, `acpi-cpufreq`"
    preferences: tuple[str, ...] = ()
    "energy preferences, each once: `balance_performance`"
    turbo: bool | None = None
    "whether clocks above the nominal one are allowed; None: not reported"


def read_frequency(cpus: Sequence[int], *, root: Path = Path("/")) -> Frequency:
    """The settings of ``cpus``, read below ``root``; nothing is changed."""
    folders = [root / _CPU / f"cpu{cpu}" / "cpufreq" for cpu in cpus]
    return Frequency(
        governors=_each_once(folder / "scaling_governor" for folder in folders),
        driver=next(iter(_each_once(folder / "scaling_driver" for folder in folders)), ""),
        preferences=_each_once(folder / "energy_performance_preference" for folder in folders),
        turbo=_turbo(root),
    )


def _turbo(root: Path) -> bool | None:
    # intel_pstate says what is off, all other drivers say what is on
    off = _read(root / _CPU / "intel_pstate" / "no_turbo")
    if off in ("0", "1"):
        return off == "0"
    boost = _read(root / _CPU / "cpufreq" / "boost")
    return boost == "1" if boost in ("0", "1") else None


def _each_once(paths: Iterable[Path]) -> tuple[str, ...]:
    found = (_read(path) for path in paths)
    return tuple(dict.fromkeys(text for text in found if text))


def transparent_huge_pages(*, root: Path = Path("/")) -> str:
    """`always`, `madvise` or `never`; empty where the system does not say."""
    found = re.search(r"\[(\w+)\]", _read(root / "sys/kernel/mm/transparent_hugepage/enabled"))
    return found[1] if found else ""


def numa_nodes(cpus: Sequence[int], *, root: Path = Path("/")) -> dict[int, tuple[int, ...]]:
    """Node -> those of ``cpus`` that belong to it, read below ``root``; empty where the system does not say."""
    folder = root / "sys/devices/system/node"
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return {}
    nodes = [int(found[1]) for name in names if (found := re.fullmatch(r"node(\d+)", name))]
    here = {node: tuple(c for c in read_cpu_list(folder / f"node{node}" / "cpulist") if c in cpus) for node in nodes}
    return {node: found for node, found in sorted(here.items()) if found}


def openmp_runtimes(*, root: Path = Path("/"), site_packages: Path | None = None) -> list[Path]:
    """Their files, each once, sorted: the environment's own first; links to one file count as one.

    Two of them in one process each start threads of their own. ``root`` is where the system's folders are
    looked for, ``site_packages`` defaults to this interpreter's.
    """
    site = site_packages or Path(sysconfig.get_path("platlib"))
    found: dict[Path, Path] = {}
    for folder in _library_folders(site, root):
        for path in _runtimes(folder):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _library_folders(site: Path, root: Path) -> Iterator[Path]:
    yield Path(sys.prefix, "lib")
    yield site / "torch" / "lib"
    yield from sorted(site.glob("*.libs"))
    arch = platform.machine()
    yield from (root / name for name in ("usr/local/lib", f"usr/lib/{arch}-linux-gnu", "usr/lib64", "usr/lib"))


def _runtimes(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [entry for entry in entries if _RUNTIME.fullmatch(entry.name) and entry.is_file()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
