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

from pytest_sdperf.real_paths import RealPaths

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
    "onnx",
    "onnxruntime",
    "openvino-genai",
    "openvino-tokenizers",
    "optimum-onnx",
    "scipy",
    "torchvision",
)
"""Reported whether anything of them is loaded or not: some have no module, some load theirs with the first picture."""

_STEERING = re.compile(
    r"(ATEN|BLIS|DIFFUSERS|DNNL|GOMP|GOTO|IPEX|KMP|LIBXSMM|MALLOC|MIMALLOC|MKL|NNCF|NPY|NUMEXPR|OMP|ONEDNN|ONNXRUNTIME"
    r"|OPENBLAS|OPENVINO|ORT|OV|PYTORCH|TBB|TCMALLOC|TORCH\w*|TRANSFORMERS|VECLIB|XNNPACK|_RJEM|JE)_\w+"
    r"|LD_(PRELOAD|BIND_NOW|AUDIT)|GLIBC_TUNABLES|MALLOC_CONF"
    r"|PYTHON(MALLOC|OPTIMIZE|DEVMODE|HASHSEED|ASYNCIODEBUG|NODEBUGRANGES|PROFILEIMPORTTIME|TRACEMALLOC|UTF8)"
    r"|PYTHON_(GIL|JIT|CPU_COUNT|PERF_JIT_SUPPORT|\w*THREAD\w*)"
)
"""Variables that change speed, memory or kernels, by the prefix of their library."""

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|(^|_)KEY(_|$)|_API", re.IGNORECASE)
"""A library's variable may hold one: its value is not kept."""

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


def loaded_versions(modules: Iterable[str]) -> dict[str, str]:
    """Versions of the installed distributions that ``modules`` (`sys.modules`) come from, by normalized name.

    `importlib.metadata.packages_distributions` would parse the metadata of all that is installed (0.1 s for 66
    distributions); here only those of which something is loaded are parsed. Of a namespace that several share
    (`optimum`), all are named.
    """
    loaded = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    versions: dict[str, str] = {}
    for names, distribution in _installed(tuple(sys.path)):
        with suppress(OSError, KeyError, ValueError):
            if loaded & names:
                versions.setdefault(*_name_and_version(distribution))
    return dict(sorted(versions.items()))


@cache
def _installed(_: tuple[str, ...]) -> list[tuple[set[str], metadata.Distribution]]:
    """Every distribution on an import path with its top-level names; read once a process, which installs nothing."""
    found = []
    for distribution in metadata.distributions():
        with suppress(OSError, KeyError, ValueError):
            found.append((_top_names(distribution), distribution))
    return found


@cache
def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower(), distribution.version


def _top_names(distribution: metadata.Distribution) -> set[str]:
    """Top-level modules and packages of a distribution: as it says, or as its list of files shows."""
    if listed := distribution.read_text("top_level.txt"):
        return set(listed.split())
    files = (distribution.read_text("RECORD") or "").splitlines()
    names = {file.partition(",")[0].partition("/")[0] for file in files}
    return {name.partition(".")[0] for name in names if not name.endswith((".dist-info", ".data", ".pth"))} - {""}


def steering_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that steer threads, allocators and kernels, sorted; preloaded libraries by file name only."""
    chosen = {
        k: v
        for k, v in sorted(environ.items())
        if _STEERING.fullmatch(k) and not _PLACES.fullmatch(k) and not _SECRET.search(k)
    }
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
    """Module name -> file, real paths, of those of ``modules`` (`sys.modules`) that lie below one of ``trees``."""
    folders = tuple(f"{os.path.realpath(tree)}{os.sep}" for tree in trees)
    real = RealPaths()
    found = {}
    for name, module in modules.items() if folders else ():
        # Not by getattr: modules that are made up answer whatever they are asked (torch.ops), or import more.
        file = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(file, str):
            continue
        path = real.of(file)
        if path.startswith(folders):
            found[name] = path
    return found


def loaded_files(modules: Mapping[str, object]) -> dict[str, str]:
    """Module name -> file, real path, of all of ``modules`` (`sys.modules`) that are not the standard library's."""
    real = RealPaths()
    found = {}
    for name, module in modules.items():
        file = getattr(module, "__dict__", {}).get("__file__")  # as in loaded_from
        if name.partition(".")[0] in sys.stdlib_module_names or not isinstance(file, str):
            continue
        found[name] = real.of(file)
    return found


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
