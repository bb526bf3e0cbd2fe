"""The OpenMP runtimes that libraries of this environment bring, or the system has."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_RUNTIME = re.compile(r"lib(?:gomp|iomp5|omp)(?:-[0-9a-f]+)?\.so(?:\.\d+)*")
"""With the digest that wheels put into the names of what they carry."""


def openmp_runtimes(*, root: Path = Path("/"), site_packages: Path | None = None) -> list[Path]:
    """Their files, each once, sorted: the environment's own first; links to one file count as one.

    Two of them in one process each start threads of their own. ``root`` is where the system's folders are
    looked for, ``site_packages`` defaults to this interpreter's.
    """
    site = site_packages or Path(sysconfig.get_path("platlib"))
    found: dict[Path, Path] = {}
    for folder in _folders(site, root):
        for path in _runtimes(folder):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _folders(site: Path, root: Path) -> Iterator[Path]:
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
