"""Walk through a working tree, and tell its code and data from what only lies in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20

Skip = Callable[[str], bool]
"""Whether a folder (absolute, as text) is left out with all below it."""


def walk(root: str, skip: Skip) -> Iterator[tuple[str, set[str]]]:
    """(folder, names of all in it that is not a folder), from ``root`` down; a link to a folder is such a name."""
    left = [root]
    while left:
        folder = left.pop()
        names = set()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        names.add(entry.name)
                    elif not skip(entry.path):
                        left.append(entry.path)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            if folder == root:
                raise
            continue
        yield folder, names


def is_apart(folder: str) -> bool:
    """Whether a folder in a tree is none of its code and data: compiled copies, git's own, virtual environments.

    Of git's folder the files at its top stay (HEAD, index): a process that reads them wants to know the revision.
    """
    parent, name = os.path.split(folder)
    in_git = Path(parent).name == ".git"
    return in_git or name == "__pycache__" or os.path.exists(f"{folder}{os.sep}pyvenv.cfg")  # noqa: PTH110 -- texts


def link_target(path: str) -> str:
    """What a symbolic link names, as it stands in it; empty for anything else."""
    return os.readlink(path) if os.path.islink(path) else ""  # noqa: PTH114, PTH115 -- texts, thousands of them


def digest_of_file(path: str) -> str:
    """sha256 of a file; empty where there is none, or it is a folder."""
    sha = hashlib.sha256()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- texts
            while chunk := file.read(_CHUNK_BYTES):
                sha.update(chunk)
    except OSError:
        return ""
    return sha.hexdigest()
