"""Find files that a checkout has only git-lfs' pointers of, because nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.base.checkout.git import git

_POINTER = b"version https://git-lfs"


def left_in_lfs(tree: Path, head: Path) -> list[str]:
    """Files, relative to the tree, that are pointers in it and have their content in the head's tree.

    Where the head has pointers, too, both arms go without; what the head has no longer may not be needed.
    """
    listed = git(tree, "ls-files", "-z", "--", ":(attr:filter=lfs)").out
    return [name for name in listed.split("\0") if name and _is_pointer(tree / name) and _has_content(head / name)]


def pointers_below(folder: Path) -> list[Path]:
    """Files in the folder and below that are pointers."""
    return [path for path in sorted(folder.rglob("*")) if _is_pointer(path)]


def _is_pointer(path: Path) -> bool:
    return path.is_file() and _start(path) == _POINTER


def _has_content(path: Path) -> bool:
    return path.is_file() and _start(path) != _POINTER


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_POINTER))
