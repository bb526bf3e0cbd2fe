"""The programs of head and base, from what the head's workers did: nothing of the base has to run.

The base's processes start with the same interpreter, settings, model and folders outside of the trees. A process does
the same as another one until it reads something else, so where everything that the head read of its tree is the same
in the base's, the base does what the head did.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pytest_sdperf.activity import Activity, Looked
from pytest_sdperf.base.git_ignored import ignored
from pytest_sdperf.base.installed_copies import foreign_copies
from pytest_sdperf.base.outside_code import installed_code, outside_files
from pytest_sdperf.base.tree_difference import may_steer, names_below, steering, tree_difference
from pytest_sdperf.base.tree_walk import digest_of_file, is_apart, link_target
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.program import Program

_OF_TOOLS = {"__pycache__", ".git", ".pytest_cache"}
"""Names in a folder that come with running and committing it."""


@dataclass(frozen=True)
class Apart:
    """Folders and files that need no comparison, or that make one impossible. Paths are absolute."""

    ours: Sequence[Path] = ()
    "written by this plugin: baselines, reports, pictures, the base's own tree"
    digested: frozenset[Path] = frozenset()
    "of the model: its digest is compared"
    kept: Sequence[Path] = ()
    "folders of exports that earlier runs kept for the head alone"


def programs(
    looked: Looked, trees: Trees, *, base: Program, head: Program, apart: Apart = Apart()
) -> tuple[Program, Program]:
    """(base, head) with the code and files of each; given is what is known of both besides.

    What cannot be known is in the head's `unknown`.
    """
    compared, unknown = _compared(looked, trees, apart)
    return (
        msgspec.structs.replace(base, modules=compared.modules["base"], files=compared.files["base"]),
        msgspec.structs.replace(
            head, modules=compared.modules["head"], files=compared.files["head"], unknown=[*head.unknown, *unknown]
        ),
    )


def program_alone(
    looked: Looked, trees: Trees, *, known: Program, apart: Apart = Apart(), also: Iterable[str] = ()
) -> Program:
    """The program of a tree that is compared with none now; both of ``trees`` are that tree.

    What it will be compared with later is not there to be searched for names, so the names of its own files count.
    ``also`` are files, and folders that end with a slash, which count whether they were looked at or not.
    """
    alone, unknown = _compared(looked, trees, apart)
    alone.places_of(also)
    return msgspec.structs.replace(
        known,
        modules=alone.modules["head"],
        places=alone.places["head"],
        files=alone.files["head"],
        installed=installed_code(looked.activity.modules, trees),
        outside=outside_files(path for path in looked.activity.outside if not alone.is_known(path)),
        names=alone.own_names(),
        unknown=[*known.unknown, *unknown],
    )


def _compared(looked: Looked, trees: Trees, apart: Apart) -> tuple[_Compared, list[str]]:
    """What was looked at, in both trees, and what of it cannot be known."""
    compared = _Compared(trees, apart)
    activity = looked.activity
    compared.code(activity.modules)
    compared.read({*activity.opened, *looked.files} - set(activity.written))
    compared.listed({*activity.listed, *(looked.folders - set(activity.searched))})
    compared.names(activity)
    unknown = [*activity.hazards, *([looked.trouble] if looked.trouble else []), *compared.unknown]
    unknown += [
        f"installed code runs in place of the tree's ({name} from {file})"
        for name, file in sorted(foreign_copies(activity.modules, trees).items())
    ]
    return compared, [*unknown, *_kept_exports(looked, apart)]


@dataclass
class _Compared:
    """Both trees, file by file, as far as they are asked for."""

    trees: Trees
    apart: Apart
    modules: dict[str, dict[str, str]] = field(default_factory=lambda: {"base": {}, "head": {}})
    places: dict[str, dict[str, str]] = field(default_factory=lambda: {"base": {}, "head": {}})
    files: dict[str, dict[str, str]] = field(default_factory=lambda: {"base": {}, "head": {}})
    unknown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._head, base = (os.path.realpath(tree) for tree in (self.trees.head, self.trees.base))
        self._base = None if base == self._head else base
        self._roots = {"head": self._head} | ({} if self._base is None else {"base": self._base})
        ours = [os.path.realpath(path) for path in self.apart.ours]
        inside = [path.removeprefix(self._head) for path in ours if path.startswith(f"{self._head}{os.sep}")]
        self._ours, self._ours_in_base = ours, [f"{self._base}{path}" for path in inside]
        self._digested = {os.path.realpath(path) for path in self.apart.digested}
        self._code: set[str] = set()

    def code(self, modules: Mapping[str, str]) -> None:
        """The modules that come from the head's tree."""
        for name, file in sorted(modules.items()):
            home = self.trees.home(file)
            if home == "base" and self._base is not None:
                self.unknown.append(f"the head loads {name} from the base's tree")
            elif home != "elsewhere":
                self._code.add(file)
                path = os.path.relpath(file, self._head)
                for side, root in self._roots.items():
                    if digest := digest_of_file(f"{root}{os.sep}{path}"):
                        self.modules[side][name], self.places[side][name] = digest, path

    def read(self, paths: Iterable[str]) -> None:
        """Files that were opened: compared under the name they were opened by, and under the one that links lead to."""
        for path in sorted(paths):
            place = self._in_tree(path)
            if place is None:
                continue
            self._links_on(place)
            real = os.path.realpath(path)
            inside = self._in_tree(real)
            if inside is None and not Path(real).is_relative_to(self._head):
                continue  # outside of both trees, so it is one file for both, whatever it holds
            self._file(place)
            if inside is not None:
                self._file(inside)

    def listed(self, folders: Iterable[str]) -> None:
        """Folders whose names were asked for."""
        for folder in sorted(folders):
            place = self._in_tree(os.path.realpath(folder))
            if place is None or self.is_skipped(os.path.realpath(folder)):
                continue
            shown = f"{place}/" if place != "." else "./"
            for side, root in self._roots.items():
                path = root if place == "." else f"{root}{os.sep}{place}"
                if (names := _names(path)) is not None:
                    # A baseline that is recorded for the first time makes a new folder.
                    theirs = [name for name in names if not self._is_ours(f"{path}{os.sep}{name}")]
                    self.files[side][shown] = _digest_of_names(theirs)

    def places_of(self, also: Iterable[str]) -> None:
        """Files and folders (``data/``) by their place in the trees."""
        for place in also:
            if place.endswith("/"):
                self.listed([f"{self._head}{os.sep}{place}"])
            else:
                self._file(place)

    def names(self, activity: Activity) -> None:
        """Files that may steer by being there, or by not being there."""
        if self._base is None:
            return
        difference = tree_difference(self._head, self._base, self.is_skipped)
        for path in steering(difference, is_ignored=self._ignored, imports=activity.imports):
            if f"{self._head}/{path}" not in self._code and not self._is_ours(f"{self._head}/{path}"):
                self._file(path)
                self._links_on(path)

    def is_skipped(self, folder: str) -> bool:
        """Whether a folder of either tree is none of its code and data."""
        return is_apart(folder) or folder == self._base or self._is_ours(folder) or self._is_own(folder)

    def own_names(self) -> str:
        """sha256 of the names of the head's files that may steer by being there; modules are known where they load."""
        here = {path for path in names_below(self._head, self.is_skipped) if may_steer(path)}
        here = {path for path in here if not self._is_ours(f"{self._head}/{path}")}
        return _digest_of_names(sorted(here - self._ignored(here)))

    def is_known(self, path: str) -> bool:
        """Whether a file outside of the tree is one of ours, or of the model."""
        return path in self._digested or self._is_ours(os.path.realpath(path))

    def _in_base(self, path: str) -> bool:
        return self._base is not None and path.startswith(f"{self._base}{os.sep}")

    def _in_tree(self, path: str) -> str | None:
        """A path relative to the head's tree; None for what is not compared as a file of it."""
        if path in self._code or path in self._digested or f"{os.sep}__pycache__{os.sep}" in path:
            return None
        if path != self._head and not path.startswith(f"{self._head}{os.sep}"):
            return None
        if self._is_ours(path) or self._in_base(path) or self._is_own(path):
            return None
        return os.path.relpath(path, self._head)

    def _is_own(self, path: str) -> bool:
        """Whether a path of the head's tree is of an interpreter: a virtual environment that lies in the tree."""
        inside = path.startswith(f"{self._head}{os.sep}") and os.path.realpath(path) == path
        return inside and self.trees.home(path) == "elsewhere"

    def _is_ours(self, path: str) -> bool:
        # The base's tree lies in a folder of ours.
        folders = self._ours_in_base if self._in_base(path) else self._ours
        return any(path == ours or path.startswith(f"{ours}{os.sep}") for ours in folders)

    def _file(self, place: str) -> None:
        for side, root in self._roots.items():
            if digest := digest_of_file(f"{root}{os.sep}{place}"):
                self.files[side][place] = digest

    def _links_on(self, place: str) -> None:
        """Links on the way to a file lead to the same place in both trees."""
        for way in reversed((Path(place), *Path(place).parents[:-1])):
            here = link_target(f"{self._head}{os.sep}{way}")
            there = here if self._base is None else link_target(f"{self._base}{os.sep}{way}")
            if here != there:
                self.files["head"][f"{way} (link)"], self.files["base"][f"{way} (link)"] = here, there
            if here and not Path(here).is_absolute() and not self._leads_inside(way):
                self.unknown.append(f"the link {way} leads out of the tree")

    def _leads_inside(self, link: Path) -> bool:
        return Path(os.path.realpath(f"{self._head}{os.sep}{link}")).is_relative_to(self._head)

    def _ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of some paths that git ignores."""
        return ignored(self._head, paths)


def _kept_exports(looked: Looked, apart: Apart) -> list[str]:
    folders = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in apart.kept)
    digested = {os.path.realpath(path) for path in apart.digested}
    found = [p for p in sorted(looked.files) if folders and p.startswith(folders) and p not in digested]
    return [f"it reads what an earlier run has kept ({found[0]})"] if found else []


def _names(folder: str) -> list[str] | None:
    try:
        return sorted({*os.listdir(folder)} - _OF_TOOLS)  # noqa: PTH208 -- texts
    except OSError:
        return None


def _digest_of_names(names: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(names).encode(errors="surrogateescape")).hexdigest()
