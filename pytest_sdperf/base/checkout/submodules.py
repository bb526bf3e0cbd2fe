"""Find the submodules of a commit in the repositories that the working tree has of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.base.checkout.git import git_dir, git_in

_GITLINK = "160000"


class Submodule(NamedTuple):
    """A submodule as a commit wants it."""

    path: Path
    "relative to the working tree"
    commit: str
    repository: Path
    "its git directory"


def submodules_of(repository: Path, head: Path, commit: str) -> Iterator[Submodule]:
    """The submodules of ``commit``, a commit of ``repository``, that the working tree ``head`` has a repository of.

    The others were never initialised here: the working tree goes without them, too.
    """
    names: dict[str, str] | None = None
    for entry in git_in(repository, "ls-tree", "-r", "-z", "--full-tree", commit).out.split("\0"):
        mode, _, rest = entry.partition(" ")
        if mode != _GITLINK:
            continue
        wanted, _, path = rest.removeprefix("commit ").partition("\t")
        # Without the check for .git, git would look further up and find the superproject.
        found = git_dir(head / path) if (head / path / ".git").exists() else None
        if found is None:  # moved or removed since: git keeps the repository under the submodule's name
            names = _names(repository, commit) if names is None else names
            found = _kept(repository, names.get(path, ""))
        if found is not None:
            yield Submodule(Path(path), wanted, found)


def _names(repository: Path, commit: str) -> dict[str, str]:
    """Path -> name of the submodules that a commit's .gitmodules tells of."""
    blob = f"--blob={commit}:.gitmodules"
    told = git_in(repository, "config", "--null", blob, "--get-regexp", r"^submodule\..*\.path$").out
    pairs = (entry.partition("\n") for entry in told.split("\0") if entry)
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in pairs}


def _kept(repository: Path, name: str) -> Path | None:
    if not name or ".." in Path(name).parts:
        return None
    folder = repository / "modules" / name
    return folder if (folder / "HEAD").is_file() else None
