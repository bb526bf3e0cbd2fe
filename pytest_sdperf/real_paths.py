"""Paths with their links resolved, for thousands of files that lie in few folders."""

from __future__ import annotations

import os
from collections.abc import Callable


class RealPaths:
    """Resolves each folder once. Texts, not Paths: 4000 files of torch and diffusers took 0.25 s in each worker."""

    def __init__(self, real: Callable[[str], str] = os.path.realpath) -> None:
        self._real = real
        self._folders: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The path with links resolved, its own and those of its folders."""
        folder, name = os.path.split(path)
        if not folder or name in ("", os.curdir, os.pardir) or os.path.islink(path):  # noqa: PTH114 -- texts, see above
            return self._real(path)
        if folder not in self._folders:
            self._folders[folder] = self._real(folder)
        return f"{self._folders[folder].rstrip(os.sep)}{os.sep}{name}"
