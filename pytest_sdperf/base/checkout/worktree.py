"""Check a revision out beside the working tree, and take it away again, however the session ends."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf.base.checkout.git import WHERE, Answer, git_dir, git_in
from pytest_sdperf.base.checkout.lfs import left_in_lfs
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.submodules import submodules_of
from pytest_sdperf.errors import ComparisonError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_PREFIX = "sdperf-base-"
_NAME = re.compile(_PREFIX + r"[0-9a-f]{10}-\d+-\w{8}")
"""Of the folders made here: commit, process, and what makes it unique."""


class Tree(NamedTuple):
    """A working tree that git keeps a record of."""

    repository: Path
    "git directory that has the record"
    path: Path


@contextmanager
def checked_out(revision: Revision, folder: Path) -> Iterator[Path]:
    """A working tree of the revision in a new folder below ``folder``, submodules included; gone at the end.

    Gone also after an exception, a Ctrl-C and a plain exit of the interpreter; what a killed session left
    is removed here at the next start. Nothing is fetched, no hook runs, other working trees are left alone.
    Raises ComparisonError where the revision, one of its submodules or a file in git-lfs cannot be checked out.
    """
    prune(revision.toplevel)
    repository = git_dir(revision.toplevel)
    folder.mkdir(parents=True, exist_ok=True)
    place = _Place(folder.resolve(), revision)
    try:
        place.add(repository, revision.commit, place.path)
        _add_submodules(place, repository, revision.toplevel, revision.commit, place.path)
        if lacking := left_in_lfs(place.path, revision.toplevel):
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise ComparisonError(
                f"git-lfs has no content here of {lacking[0]}{more} as {revision.label} has it",
                where=f"{WHERE}={revision.name}",
                cure=f"Fetch it: git lfs fetch origin {revision.commit}.",
            )
        yield place.path
    finally:
        place.remove()


def prune(toplevel: Path) -> None:
    """Remove the working trees that killed sessions left of this repository, and no others."""
    repository = git_dir(toplevel)
    for line in git_in(repository, "worktree", "list", "--porcelain").out.splitlines():
        path = Path(line.removeprefix("worktree "))
        if not line.startswith("worktree ") or not _NAME.fullmatch(path.name):
            continue
        tree = Tree(repository, path)
        if not path.parent.is_dir():  # the whole temporary folder was cleared, lock and all
            _forget([tree])
            continue
        lock = _lock(path)
        try:
            lock.acquire(timeout=0)
        except OSError:  # the session lives (filelock's Timeout), or the file is somebody else's
            continue
        _remove([*_nested(path), tree], path, lock)


class _Place:
    """A folder of our own, locked as long as the process lives, and what git knows of in it."""

    def __init__(self, folder: Path, revision: Revision) -> None:
        self.revision = revision
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{revision.commit[:10]}-{os.getpid()}-", dir=folder))
        self._trees: list[Tree] = []
        # The lock is the kernel's: it ends with its holder, whatever number that has and wherever it runs.
        lock = _lock(self.path)
        lock.acquire(timeout=0)
        # Runs once: by remove(), when the object is forgotten, or when the interpreter ends.
        self._end = weakref.finalize(self, _remove_own, self._trees, self.path, lock, os.getpid())

    def add(self, repository: Path, commit: str, path: Path) -> None:
        self._trees.append(Tree(repository, path))
        answer = git_in(repository, "worktree", "add", "--detach", "--force", str(path), commit)
        if not answer.ok:
            raise _cannot(answer, self.revision, path)

    def remove(self) -> None:
        self._end()


def _add_submodules(place: _Place, repository: Path, head: Path, commit: str, path: Path) -> None:
    """Check out the submodules of ``commit``, and theirs.

    ``repository`` has the commit, ``path`` is its new working tree, ``head`` the place of the present one.
    """
    revision = place.revision
    for submodule in submodules_of(repository, head, commit):
        if not git_in(submodule.repository, "cat-file", "-e", f"{submodule.commit}^{{commit}}").ok:
            at = (head / submodule.path).relative_to(revision.toplevel)
            raise ComparisonError(
                f"submodule {at} lacks commit {submodule.commit[:10]}, which {revision.label} wants",
                where=f"{WHERE}={revision.name}",
                cure=f"Fetch it: git -C {at} fetch origin {submodule.commit}.",
            )
        inner = path / submodule.path
        place.add(submodule.repository, submodule.commit, inner)
        _add_submodules(place, submodule.repository, head / submodule.path, submodule.commit, inner)


def _cannot(answer: Answer, revision: Revision, path: Path) -> ComparisonError:
    if "promisor" in answer.err or "not allowed" in answer.err:
        return ComparisonError(
            f"{revision.label} cannot be checked out: this is a partial clone, which lacks files of it",
            where=f"{WHERE}={revision.name}",
            cure="Clone without --filter, or let git fetch them once: "
            f"git worktree add --detach DIR {revision.commit}.",
        )
    return ComparisonError(
        f"{revision.label} cannot be checked out: {answer.reason}",
        where=str(path),
        cure="Make room or give write permission there, and mend what git complains of.",
    )


def _lock(path: Path) -> BaseFileLock:
    import filelock  # late: a plugin start must stay light

    return filelock.FileLock(_lock_path(path))


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _nested(path: Path) -> list[Tree]:
    """Working trees of submodules in the folder, innermost first, read from what git wrote into them."""
    found = []
    for link in path.rglob(".git"):
        if link.parent == path or not link.is_file():
            continue
        record = Path(link.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip())
        if record.parent.name == "worktrees":
            found.append(Tree(record.parents[1], link.parent))
    return sorted(found, key=lambda tree: len(tree.path.parts), reverse=True)


def _remove_own(trees: list[Tree], path: Path, lock: BaseFileLock, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the session ends: the folder is not its own
        return
    found = list(reversed(trees))
    try:
        _remove(found, path, lock)
    except KeyboardInterrupt:  # the second Ctrl-C of somebody in a hurry
        _remove(found, path, lock)
        raise


def _remove(trees: list[Tree], path: Path, lock: BaseFileLock) -> None:
    """Delete the folder, let git forget what was in it, and give up the lock."""
    shutil.rmtree(path, ignore_errors=True)
    _forget(trees)
    _lock_path(path).unlink(missing_ok=True)
    lock.release()


def _forget(trees: list[Tree]) -> None:
    """Remove git's records of folders that are gone, by name: `git worktree prune` would take the user's, too."""
    for tree in trees:
        if tree.repository.is_dir():
            # Twice: git locks a working tree while it makes it, and an interrupted one stays locked.
            git_in(tree.repository, "worktree", "remove", "--force", "--force", str(tree.path))
