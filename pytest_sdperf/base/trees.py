"""Which of the two trees a file belongs to: the head's, the base's, the interpreter's own, or neither."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pytest_sdperf.real_paths import RealPaths

Home = Literal["head", "base", "elsewhere"]


@dataclass(frozen=True)
class Trees:
    """The head's working tree and the base's; the same folder where only the interpreters differ."""

    head: Path
    base: Path
    own: tuple[Path, ...] = ()
    "folders of the interpreters: prefix, standard library, site-packages; those inside the head's tree count"
    real: Callable[[str], str] = os.path.realpath
    "symbolic links resolved"

    @cached_property
    def _head(self) -> str:
        return self.real(str(self.head))

    @cached_property
    def _base(self) -> str:
        return self.real(str(self.base))

    @cached_property
    def _own(self) -> list[str]:
        # A prefix that holds the tree (/usr for /usr/src/app, a venv made in the root itself) says nothing.
        folders = [self.real(str(folder)) for folder in self.own]
        return [folder for folder in folders if folder != self._head and _is_below(folder, self._head)]

    @cached_property
    def _real_paths(self) -> RealPaths:
        return RealPaths(self.real)

    def home(self, path: Path | str) -> Home:
        """The home of a file or folder, links resolved. Files of an interpreter are elsewhere, wherever they lie."""
        place = self._real_paths.of(str(path))
        # The base may lie inside the head's tree, as an ignored folder.
        if _is_below(place, self._base) and (self._base != self._head or not self._is_own(place)):
            return "base"
        return "head" if _is_below(place, self._head) and not self._is_own(place) else "elsewhere"

    def is_top(self, folder: Path) -> bool:
        """Whether a folder is the top of the head's tree, links resolved."""
        return self.real(str(folder)) == self._head

    def in_base(self, path: Path | str) -> Path | None:
        """The same place in the base's tree, whether it exists or not; None for what is not of the head's tree."""
        if self.home(path) != "head":
            return None
        return Path(self._base, Path(self._real_paths.of(str(path))).relative_to(self._head))

    def _is_own(self, place: str) -> bool:
        return any(_is_below(place, folder) for folder in self._own)


def _is_below(place: str, folder: str) -> bool:
    """Whether a place is a folder or in it; both without links."""
    return place == folder or place.startswith(folder if folder.endswith(os.sep) else f"{folder}{os.sep}")
