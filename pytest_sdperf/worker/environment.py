"""The surroundings that a worker sees: versions, variables, CPUs, memory."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "torch",
    "intel-extension-for-pytorch",
    "openvino",
    "optimum",
    "optimum-intel",
    "nncf",
    "diffusers",
    "transformers",
    "accelerate",
    "tokenizers",
    "safetensors",
    "intel-openmp",
    "mkl",
    "numpy",
)

_STEERING = re.compile(
    r"(OMP|KMP|GOMP|MALLOC|MKL|ONEDNN|DNNL|TBB|OV|OPENVINO|TORCH|TORCHINDUCTOR|ATEN|IPEX|PYTORCH|DIFFUSERS)_\w+"
    r"|LD_PRELOAD|GLIBC_TUNABLES|(_RJEM_|JE_)?MALLOC_CONF|TCMALLOC_\w+|PYTHON(MALLOC|OPTIMIZE|DEVMODE)"
)
"""Variables that change speed, memory or kernels."""

_PLACES = re.compile(r"\w+_(DIR|PATH|HOME|FILE|CACHE)")
"""Those say where files lie, which moves between machines and changes no result."""


def python_version() -> str:
    """``CPython 3.11.7``."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def package_versions() -> dict[str, str]:
    """Installed versions of the libraries that steer speed and pictures; nothing is imported."""
    versions = {}
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def steering_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that steer threads, allocators and kernels, sorted; preloaded libraries by file name only."""
    chosen = {k: v for k, v in sorted(environ.items()) if _STEERING.fullmatch(k) and not _PLACES.fullmatch(k)}
    if "LD_PRELOAD" in chosen:
        files = chosen["LD_PRELOAD"].replace(":", " ").split()
        chosen["LD_PRELOAD"] = ":".join(Path(file).name for file in files)
    return chosen


def usable_cpus() -> list[int]:
    """CPUs that this process may run on, sorted; all of them where the system knows no affinity."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usage_so_far() -> tuple[int, int]:
    """(involuntary context switches, major page faults) of this process since it started; zeros where unknown."""
    try:
        import resource  # not on Windows
    except ImportError:
        return 0, 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_nivcsw, used.ru_majflt


def loaded_from(trees: Iterable[str], modules: Mapping[str, object]) -> dict[str, str]:
    """Module name -> file, real paths, of those of ``modules`` (`sys.modules`) that lie below one of ``trees``.

    With them those that lie elsewhere though a tree has a package or module of that name: what the tree has of
    them did not run.
    Texts, not Paths, and each folder resolved once: the 4000 files of torch and diffusers took 0.25 s in each worker.
    """
    folders = tuple(f"{os.path.realpath(tree)}{os.sep}" for tree in trees)
    in_trees = {name for folder in folders for name in importable(folder)}
    real_folder = cache(os.path.realpath)
    found = {}
    for name, module in modules.items() if folders else ():
        # Not by getattr: modules that are made up answer whatever they are asked (torch.ops), or import more.
        file = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(file, str):
            continue
        folder, slash, name_there = file.rpartition(os.sep)
        path = f"{real_folder(folder)}{slash}{name_there}"
        installed = name in in_trees and not path.startswith(folders)
        path = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 -- see above
        if installed or path.startswith(folders):
            found[name] = path
    return found


def importable(tree: str) -> set[str]:
    """Names of the packages and modules in a tree's own folder and in its `src`, where projects keep theirs.

    Not those of the standard library, which goes first, not `__main__`, and not our own package: that measures.
    """
    found = set()
    for folder in (Path(tree), Path(tree, "src")):
        with suppress(OSError):
            found |= {e.stem for e in folder.iterdir() if e.suffix == ".py" or (e / "__init__.py").is_file()}
    return found - sys.stdlib_module_names - {"pytest_sdperf", "__main__"}


def peak_rss_bytes(status: Path = Path("/proc/self/status")) -> int:
    """High-water mark of this process's resident memory since its program started.

    ``ru_maxrss`` is only the way out where there is no /proc: on Linux it begins with the size of the
    process that started this one (exec keeps it; seen with Linux 6.18), which is pytest's, not ours.
    """
    try:
        text = status.read_text()
    except OSError:
        text = ""
    if found := re.search(r"^VmHWM:\s+(\d+) kB$", text, re.MULTILINE):
        return int(found[1]) * 1024
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def library_rss_bytes(smaps: Path = Path("/proc/self/smaps")) -> int | None:
    """Resident pages of this process that still are those of its program's and libraries' files, in bytes.

    None where there is no /proc.

    How many of them are resident is the kernel's affair, not the program's: around each page that is used it maps
    those that it happens to have. The same program was seen with 215 MB more of them on another host.
    """
    try:
        text = smaps.read_text()
    except OSError:
        return None
    resident: dict[str, int] = {}
    programs: set[str] = set()
    for mapping in re.finditer(
        r"^[0-9a-f]+-[0-9a-f]+ (\S{4}) \S+ \S+ \d+ +(/.*)\n((?:[A-Z]\w+:.*\n?)+)", text, re.MULTILINE
    ):
        permissions, path, fields = mapping.groups()
        pages_kb = {name: int(kb) for name, kb in re.findall(r"^(Rss|Anonymous): +(\d+) kB$", fields, re.MULTILINE)}
        # A page that was written to is the process's own (anonymous), though the file's mapping holds it.
        resident[path] = resident.get(path, 0) + 1024 * (pages_kb["Rss"] - pages_kb["Anonymous"])
        if "x" in permissions and not path.startswith("/memfd:"):  # kernels made while running are no file's
            programs.add(path)
    return sum(resident[path] for path in programs)
