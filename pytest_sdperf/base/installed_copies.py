"""Installed copies of what a tree has, too: where they run, both sides run them in place of the revisions' code."""

from __future__ import annotations

import filecmp
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_sdperf.base.tree_difference import IRRELEVANT_FOLDERS, is_irrelevant, names_below
from pytest_sdperf.base.tree_walk import is_apart
from pytest_sdperf.base.trees import Trees

_CODE = (".py", ".so", ".pyd")


def foreign_copies(modules: Mapping[str, str], trees: Trees) -> dict[str, str]:
    """Module -> file of those that were loaded from outside though the compared trees have their code.

    ``modules`` are all that the head's worker loaded. A copy is known by its place (`svc/core.py` is somewhere in the
    tree, in a folder that is no package itself), by the distribution's own word on where it was installed from
    (PEP 610), or by its content. One that is the same as in both trees, with all of its package, does no harm.
    """
    outside = {name: file for name, file in modules.items() if file and trees.home(file) == "elsewhere"}
    if not outside or trees.head == trees.base:  # two interpreters, each with what is installed there
        return {}
    head, base = os.path.realpath(trees.head), os.path.realpath(trees.base)
    known = _Known(head, base, trees)
    of_the_project = _installed_from(head) if any(known.paths) else frozenset()
    found = {}
    for name, file in outside.items():
        places = known.places_of(name, file)
        if not places and (file in of_the_project or known.by_content(file)):
            places = known.same_name(file)
            if not any(known.is_same(file, place) for place in places):
                found[name] = file
        elif places and not all(known.is_harmless(file, place) for place in places):
            found[name] = file
    return found


class _Known:
    """The code of both trees, by name."""

    def __init__(self, head: str, base: str, trees: Trees) -> None:
        def skip(folder: str) -> bool:
            return is_apart(folder) or (folder.startswith(head) and trees.home(folder) == "elsewhere")

        self._head, self._base = head, base
        here, there = names_below(head, lambda f: skip(f) or f == base), names_below(base, is_apart)
        self.paths = {p for p in here | there if not _is_of_tests(p)}
        self._code = {path for path in self.paths if path.endswith(_CODE)}
        self._packages = {path.rpartition("/")[0] for path in self._code if path.endswith("__init__.py")}
        self._by_end: dict[str, list[str]] = {}
        for path in self._code:
            self._by_end.setdefault(path.rpartition("/")[2], []).append(path)
        self._differs = cache(self._differing)

    def places_of(self, name: str, file: str) -> list[str]:
        """Where the trees have a module's file, if its path there ends as the installed one's does."""
        parts = Path(file).parts
        count = len(name.split(".")) + parts[-1].startswith("__init__.")
        top = name.partition(".")[0]
        # A module that the trees lack may be of a package that they have; and at the top a module may have become a
        # package since, or the other way round.
        kinds = [f"{folder}{top}{ending}" for folder in ("", "src/") for ending in (".py", "/__init__.py")]
        return (
            self._ending_in("/".join(parts[-count:]))
            or self._ending_in(f"{top}/__init__.py")
            or [path for path in kinds if path in self._code]
        )

    def _ending_in(self, end: str) -> list[str]:
        """Code whose path ends so, beginning in a folder that is no package itself."""
        return [
            path
            for path in self.same_name(end)
            if (path == end or path.endswith(f"/{end}")) and path[: -len(end)].rstrip("/") not in self._packages
        ]

    def same_name(self, file: str) -> list[str]:
        """Every file of the trees that is called so."""
        return self._by_end.get(Path(file).name, [])

    def by_content(self, file: str) -> bool:
        """Whether it is, byte for byte, a file of a tree that is not the same in the other."""
        return any(
            self._differs(path) and any(_same(file, f"{root}/{path}") for root in (self._head, self._base))
            for path in self.same_name(file)
        )

    def is_same(self, file: str, path: str) -> bool:
        """Whether both trees have the installed content."""
        return _same(file, f"{self._head}/{path}") and _same(file, f"{self._base}/{path}")

    def is_harmless(self, file: str, path: str) -> bool:
        """Whether the installed copy of a path is that of both trees, or, deep in them, of no part of the change."""
        top = path.removeprefix("src/")
        package = self._package_of(path)
        is_untouched = (
            not any(self._differs(one) for one in self._below(package)) if package else not self._differs(path)
        )
        near = "/" not in top or package.count("/") == path.startswith("src/")
        return is_untouched and (self.is_same(file, path) or not near)

    def _package_of(self, path: str) -> str:
        """The outermost package that a file is part of; empty: none."""
        folder, found = path.rpartition("/")[0], ""
        while folder in self._packages:
            found, folder = folder, folder.rpartition("/")[0]
        return found

    def _below(self, package: str) -> Iterator[str]:
        return (path for path in self.paths if path.startswith(f"{package}/") and not is_irrelevant(path))

    def _differing(self, path: str) -> bool:
        return not _same(f"{self._head}/{path}", f"{self._base}/{path}")


def _is_of_tests(path: str) -> bool:
    return any(part in IRRELEVANT_FOLDERS for part in path.split("/")[:-1])


def _same(one: str, other: str) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _installed_from(tree: str) -> frozenset[str]:
    """Real paths of the files that were installed, not editable, from a folder or an archive in a tree."""
    found: set[str] = set()
    for distribution in metadata.distributions():
        with suppress(OSError, ValueError, AttributeError):
            said = json.loads(distribution.read_text("direct_url.json") or "{}")
            url = urlsplit(said.get("url", ""))
            is_copy = url.scheme == "file" and not said.get("dir_info", {}).get("editable")
            if is_copy and Path(os.path.realpath(unquote(url.path))).is_relative_to(tree):
                found |= {os.path.realpath(str(file.locate())) for file in distribution.files or ()}
    return frozenset(found)
