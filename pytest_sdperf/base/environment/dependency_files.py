"""The dependency files of a tree, and which of them differ between base and head."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatch
from pathlib import Path

from pytest_sdperf.base.environment.dependency_tables import comparable_pyproject, comparable_uv_lock, dependency_tables
from pytest_sdperf.base.environment.requirement_lines import included, lines_of


class Kind(Enum):
    """How uv reads a file."""

    UV_LOCK = "uv.lock"
    PYLOCK = "pylock.toml"
    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"
    PROJECT = "project"
    "a pyproject.toml, a setup.py or a setup.cfg"
    FOREIGN = "foreign"
    "of another tool: uv does not read it"


_NAMES = (
    ("uv.lock", Kind.UV_LOCK),
    ("pylock.toml", Kind.PYLOCK),
    ("pylock.*.toml", Kind.PYLOCK),
    ("pyproject.toml", Kind.PROJECT),
    ("setup.py", Kind.PROJECT),
    ("setup.cfg", Kind.PROJECT),
    ("*constraint*.txt", Kind.CONSTRAINTS),
    ("*.txt", Kind.REQUIREMENTS),
    ("*.in", Kind.REQUIREMENTS),
)


@dataclass(frozen=True)
class DependencyFile:
    """A file that decides on the libraries."""

    name: str
    "relative to the top of its tree, with slashes"
    text: str
    is_included: bool = False
    "True where only another file leads to it"

    @property
    def kind(self) -> Kind:
        last = self.name.rpartition("/")[2]
        return next((kind for pattern, kind in _NAMES if fnmatch(last, pattern)), Kind.FOREIGN)

    @property
    def comparable(self) -> str:
        """The part of its text that decides: comments, other tools' sections and times make no difference."""
        last = self.name.rpartition("/")[2]
        if last == "pyproject.toml":
            return comparable_pyproject(self.text)
        if self.kind is Kind.UV_LOCK:
            return comparable_uv_lock(self.text)
        if self.kind in (Kind.REQUIREMENTS, Kind.CONSTRAINTS):
            return "\n".join(lines_of(self.text))
        return self.text


Files = Mapping[str, DependencyFile]
"""Name -> file."""


def find_files(
    top: Path, rootdir: Path, patterns: Sequence[str], *, ignored: Callable[[Sequence[str]], Iterable[str]]
) -> dict[str, DependencyFile]:
    """The dependency files of the tree ``top`` for a pytest run in ``rootdir``, by name.

    Each pattern stands for the files in the folder nearest to ``rootdir`` that has any, on the way up to ``top``.
    ``ignored`` gives the names that git ignores: the other tree cannot have them. Files that requirements files
    include (`-r`, `-c`) belong to them.
    """
    above = [folder for folder in (rootdir, *rootdir.parents) if folder.is_relative_to(top)] or [top]
    found: dict[str, DependencyFile] = {}
    for pattern in patterns:
        for folder in above:
            names = [_name(path, top) for path in sorted(folder.glob(pattern)) if path.is_file()]
            left_out = {*ignored(names)} if names else set()
            files = [file for name in names if name not in left_out and _declares(file := _read(top, name))]
            if files:
                found |= {file.name: file for file in files}
                break
    waiting = [*found.values()]
    while waiting:
        for file in _included(waiting.pop(), top):
            if file.name not in found:
                found[file.name] = file
                waiting.append(file)
    return found


def differing(base: Files, head: Files) -> list[str]:
    """Names of the files that differ in what they ask for, or that one side lacks; sorted."""
    texts = [{name: file.comparable for name, file in files.items()} for files in (base, head)]
    return sorted(name for name in {*base, *head} if texts[0].get(name) != texts[1].get(name))


def described(names: Iterable[str], base: Files, head: Files) -> list[str]:
    """``requirements.txt``, ``uv.lock (only in the head)``."""
    return [f"{n} (only in the {'base' if n in base else 'head'})" if (n in base) != (n in head) else n for n in names]


def _included(file: DependencyFile, top: Path) -> list[DependencyFile]:
    if file.kind not in (Kind.REQUIREMENTS, Kind.CONSTRAINTS):
        return []
    folder = (top / file.name).parent
    paths = [folder / name for name in included(file.text) if not re.match(r"\w+://", name)]
    return [_read(top, _name(path, top), is_included=True) for path in paths if path.is_file()]


def _declares(file: DependencyFile) -> bool:
    """False for a pyproject.toml that only has settings of other tools."""
    if file.name.rpartition("/")[2] != "pyproject.toml":
        return True
    try:
        return bool(dependency_tables(file.text))
    except ValueError:
        return True


def _name(path: Path, top: Path) -> str:
    """Relative to the tree; one outside of it keeps its whole path."""
    place = path.absolute()
    parts: list[str] = []
    for part in place.parts:  # not resolved: a link is the file that it is called
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    place = Path(*parts)
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else str(place)


def _read(top: Path, name: str, *, is_included: bool = False) -> DependencyFile:
    return DependencyFile(name, (top / name).read_text(encoding="utf-8", errors="backslashreplace"), is_included)
