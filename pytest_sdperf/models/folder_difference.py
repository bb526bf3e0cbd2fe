"""The files in which two folders of models differ, by their bytes."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_sdperf.model_difference import FileDifference

_OURS = ("sdperf_manifest.json", ".git")
"""Our own note in a model that was built, and git's in a submodule."""

_CHUNK_BYTES = 1 << 23


def differing_files(base: Path, head: Path) -> list[FileDifference]:
    """The files that are other, added or removed in ``head``, by name. Empty where both are one folder."""
    if base.resolve() == head.resolve():
        return []
    was, now = sizes(base), sizes(head)
    return [
        FileDifference(name, was.get(name), now.get(name))
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name) or not _same_bytes(base / name, head / name)
    ]


def total_bytes(folder: Path | None) -> int:
    """Bytes of all files that count; 0 where there is no folder."""
    return 0 if folder is None else sum(sizes(folder).values())


def sizes(folder: Path) -> dict[str, int]:
    """Path relative to the folder -> bytes, of every file in it. Links to files count as these."""
    found = {}
    for place, subfolders, files in os.walk(folder):
        subfolders[:] = [name for name in subfolders if name not in _OURS]
        for path in (Path(place, name) for name in files if name not in _OURS):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.stat().st_size
    return found


def _same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as a, other.open("rb") as b:
        while True:
            left, right = a.read(_CHUNK_BYTES), b.read(_CHUNK_BYTES)
            if left != right:
                return False
            if not left:
                return True
