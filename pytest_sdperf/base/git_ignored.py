"""Which files of a working tree git ignores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_sdperf.base.checkout.git import git

_BATCH = 200
"""Paths that one command of git reads: as many are asked one by one where one of them lies in a submodule."""

_ANSWERED = (0, 1)
"""Exit codes of `git check-ignore` that are answers: some are ignored, or none is."""


def ignored(tree: str, paths: Iterable[str]) -> set[str]:
    """Those of some files of a working tree, relative to it, that git ignores, in its submodules, too."""
    found: set[str] = set()
    left = sorted(paths)
    while left:
        batch, left = left[:_BATCH], left[_BATCH:]
        answer = git(Path(tree), "check-ignore", "-z", "--stdin", given="\0".join(batch))
        if answer.code in _ANSWERED:
            found |= {*answer.out.split("\0")} & {*batch}
        else:  # one of them lies in a submodule
            found |= {path for path in batch if _is_ignored(Path(tree, path))}
    return found


def _is_ignored(path: Path) -> bool:
    folder = next((place for place in path.parents if place.is_dir()), None)
    return folder is not None and git(folder, "check-ignore", "--quiet", "--", str(path)).code == 0
