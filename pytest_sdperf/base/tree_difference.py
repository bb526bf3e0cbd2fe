"""Names that only one of two trees has, of files whose existence alone may steer a program.

A file that is read is seen being read. One that a program only looks for (`Path.exists`) is not, and what is gone
cannot be watched; so a new or removed file counts as read, unless its name says that no pipeline asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from pytest_sdperf.base.tree_walk import Skip, link_target, walk

IRRELEVANT = (
    "*.md", "*.rst", "*.adoc", "README*", "LICENSE*", "COPYING*", "NOTICE*", "AUTHORS*", "CHANGELOG*", "CHANGES*",
    "CONTRIBUTING*", "CODEOWNERS", ".git", ".gitignore", ".gitattributes", ".gitmodules", ".git-blame-ignore-revs",
    ".mailmap", ".editorconfig", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", ".pre-commit-config.yaml",
    ".readthedocs.yaml", ".readthedocs.yml", "mkdocs.yml", "tox.ini", "noxfile.py", "Makefile", "Dockerfile*",
    "pyproject.toml", "setup.cfg", "setup.py", "MANIFEST.in", "pytest.ini", "requirements*.txt", "constraints*.txt",
    "*.lock", "pylock*.toml", "test_*.py", "*_test.py", "conftest.py",
)  # fmt: skip
"""Names of documentation, tests, and files for CI and installation."""

IRRELEVANT_FOLDERS = (
    ".git", ".github", ".gitlab", ".circleci", ".ci", ".vscode", ".idea", "doc", "docs", "test", "tests",
)  # fmt: skip

_MODULES = (".py", ".pyi", ".pyc", ".so", ".pyd")


@dataclass(frozen=True)
class TreeDifference:
    """Files of one tree only, and links that lead elsewhere; paths relative to the trees, with `/`."""

    head_only: frozenset[str]
    base_only: frozenset[str]
    links: frozenset[str]
    "symbolic links in both, or a link in one and a file in the other, that are not the same"


def tree_difference(head: str, base: str, skip: Skip) -> TreeDifference:
    """Compare the names in two trees; contents are not read."""
    here, there = names_below(head, skip), names_below(base, skip)
    links = {path for path in here & there if link_target(f"{head}/{path}") != link_target(f"{base}/{path}")}
    return TreeDifference(frozenset(here - there), frozenset(there - here), frozenset(links))


def names_below(root: str, skip: Skip) -> set[str]:
    """Every file and link below a folder, relative to it, with `/`; none where it is not there."""
    found: set[str] = set()
    if not os.path.isdir(root):  # noqa: PTH112 -- a text
        return found
    for folder, names in walk(root, skip):
        place = "" if folder == root else f"{os.path.relpath(folder, root)}/".replace(os.sep, "/")
        found |= {place + name for name in names}
    return found


def steering(
    difference: TreeDifference, *, is_ignored: Callable[[Iterable[str]], set[str]], imports: Iterable[str]
) -> list[str]:
    """The paths of a difference that may steer a program that opened none of them, sorted.

    ``is_ignored`` gives those of some paths that git ignores: they are not part of the change. ``imports`` are the
    modules that the head tried to import: a module that only the base has would have been found there.
    """
    asked = {name.replace(".", "/") for name in imports}
    head = {path for path in difference.head_only if may_steer(path)}
    base = {
        path
        for path in difference.base_only
        if (_may_be_imported(path, asked) if path.endswith(_MODULES) else not is_irrelevant(path))
    }
    ignored = is_ignored([*head, *(path for path in base if not path.endswith(_MODULES))])
    return sorted((head | base) - ignored | difference.links)


def may_steer(path: str) -> bool:
    """Whether a file may steer by being there, though nothing opened it; a module that is there is loaded or not."""
    return not is_irrelevant(path) and not path.endswith(_MODULES)


def is_irrelevant(path: str) -> bool:
    """Whether the name of a file says that no pipeline asks for it."""
    parts = PurePosixPath(path).parts
    return any(part in IRRELEVANT_FOLDERS for part in parts[:-1]) or any(fnmatchcase(parts[-1], p) for p in IRRELEVANT)


def _may_be_imported(path: str, asked: set[str]) -> bool:
    """Whether a module's file could be what one of the names (`pkg/mod`) stands for, wherever its folder is."""
    stem = path.rpartition("/")[0] if path.rpartition("/")[2].startswith("__init__.") else _without_suffix(path)
    parts = stem.split("/")
    return any("/".join(parts[at:]) in asked for at in range(len(parts)))


def _without_suffix(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"
