"""Find shared libraries for LD_PRELOAD without starting a process."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path("/")

KNOWN: dict[str, tuple[str, str]] = {
    "jemalloc": (
        r"libjemalloc\.so(?:\.2)?",
        "Install it: apt install libjemalloc2, dnf install jemalloc, conda install jemalloc, or pip install ray.",
    ),
    "libiomp5": (r"libiomp5\.so", "Install it: pip install intel-openmp."),
}
"""Name -> (file name as a pattern, cure where there is none)."""

# intel-openmp is the library's own package; ray merely carries a copy of jemalloc, so the system's goes first
_OWN_PACKAGE = {"libiomp5": "intel-openmp"}
_CARRIER = {"jemalloc": "ray"}
_SYSTEM_FOLDERS = (
    "usr/local/lib",
    "usr/lib/{arch}-linux-gnu",
    "lib/{arch}-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "opt/intel/oneapi/compiler/latest/lib",
)


def can_preload() -> bool:
    """True where LD_PRELOAD works: on Linux."""
    return platform.system() == "Linux"


def find_library(
    name: str, *, root: Path = _ROOT, prefix: Path | None = None, packages: Sequence[str] | None = None
) -> Path | None:
    """The file of library ``name`` (a key of KNOWN, or an absolute path) that an interpreter can load, or None.

    It is this interpreter, or the one of the environment ``prefix`` whose site-packages are ``packages``.

    In this order: the library's own PyPI package, the environment's own ``lib``, conda's,
    LD_LIBRARY_PATH, the usual folders of Debian, Red Hat and Arch, ldconfig's cache, a PyPI package that
    carries a copy. A file for another processor is passed over: ld.so would only print about it and go on
    without.
    ``root`` is where the system's folders are looked for. None on systems without LD_PRELOAD.
    Raises KeyError for other names.
    """
    if not can_preload():
        return None
    if name.startswith("/"):
        return Path(name) if _is_loadable(Path(name)) else None
    pattern = re.compile(KNOWN[name][0])
    found = _candidates(name, pattern, root, prefix or Path(sys.prefix), sys.path if packages is None else packages)
    return next((path for path in found if _is_loadable(path)), None)


def _candidates(
    name: str, pattern: re.Pattern[str], root: Path, prefix: Path, packages: Sequence[str]
) -> Iterator[Path]:
    yield from _shipped(_OWN_PACKAGE.get(name), pattern, packages)
    folders = [prefix / "lib"]
    if conda := os.environ.get("CONDA_PREFIX"):
        folders.append(Path(conda, "lib"))
    folders += [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    folders += [root / folder.format(arch=platform.machine()) for folder in _SYSTEM_FOLDERS]
    for folder in folders:
        yield from _matching(folder, pattern)
    yield from _cached(pattern, root)
    yield from _shipped(_CARRIER.get(name), pattern, packages)


def _shipped(distribution: str | None, pattern: re.Pattern[str], packages: Sequence[str]) -> Iterator[Path]:
    """Matching files of an installed distribution; intel-openmp's lie outside site-packages."""
    if distribution is None:
        return
    found = next(iter(importlib.metadata.distributions(name=distribution, path=list(packages))), None)
    for file in (found.files if found else None) or ():
        if pattern.fullmatch(file.name):
            yield Path(str(file.locate())).resolve()


def _matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    # the longest first: libjemalloc.so.2 is the library, libjemalloc.so may be for linking only
    yield from (folder / name for name in sorted(names, key=len, reverse=True) if pattern.fullmatch(name))


def _cached(pattern: re.Pattern[str], root: Path) -> Iterator[Path]:
    """Paths in ldconfig's cache, whose strings are plain and end with a NUL byte."""
    try:
        cache = (root / "etc/ld.so.cache").read_bytes()
    except OSError:
        return
    for found in re.finditer(rb"(/[^\0]+)\0", cache):
        path = Path(os.fsdecode(found[1]))
        if pattern.fullmatch(path.name):
            yield root / str(path).lstrip("/")


def _is_loadable(path: Path) -> bool:
    """True for an ELF file of the same class, byte order and processor as this interpreter."""
    own, other = _elf_kind(Path(os.path.realpath(sys.executable))), _elf_kind(path)
    return other is not None and (own is None or own == other)


def _elf_kind(path: Path) -> tuple[bytes, bytes] | None:
    """(class and byte order, machine) of an ELF file, None for anything else."""
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError:
        return None
    return (head[4:6], head[18:20]) if len(head) == 20 and head.startswith(b"\x7fELF") else None
