"""Check a revision out in a working tree of its own, with its submodules, and remove that however the session ends."""

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

from pytest_sdperf.base.checkout.git import Answer, git, git_dir, git_in
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.file_lock import check_locks
from pytest_sdperf.wording import listed

if TYPE_CHECKING:
    from filelock import BaseFileLock

_PREFIX = "sdperf-base-"
_NAME = re.compile(_PREFIX + r"[0-9a-f]{10}-\d+-\w{8}")
"""Of the folders made here: commit, process, and what makes it unique."""

_GITLINK = "160000"
"""Mode of a submodule's entry in a tree."""

_LFS_POINTER = b"version https://git-lfs"


class Tree(NamedTuple):
    """A working tree that git keeps a record of."""

    repository: Path
    "git directory that has the record"
    path: Path


class Submodule(NamedTuple):
    """A submodule as a commit wants it."""

    path: Path
    "relative to the working tree"
    commit: str
    repository: Path
    "its git directory"


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
            raise ComparisonError(
                f"git-lfs has no content here of {listed(lacking, 1)} as {revision.label} has it",
                where=revision.where,
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
        try:
            check_locks(_lock_path(self.path))
            lock.acquire(timeout=0)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise ComparisonError(
                f"the lock of the base's working tree cannot be taken ({error.strerror or error})",
                where=str(_lock_path(self.path)),
                cure="Let TMPDIR, or pytest's --basetemp, name a folder on a local disk.",
            ) from error
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
                where=revision.where,
                cure=f"Fetch it: git -C {at} fetch origin {submodule.commit}.",
            )
        inner = path / submodule.path
        place.add(submodule.repository, submodule.commit, inner)
        _add_submodules(place, submodule.repository, head / submodule.path, submodule.commit, inner)


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
    """Path -> name of the submodules that a commit's .gitmodules lists."""
    blob = f"--blob={commit}:.gitmodules"
    listed = git_in(repository, "config", "--null", blob, "--get-regexp", r"^submodule\..*\.path$").out
    pairs = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in pairs}


def _kept(repository: Path, name: str) -> Path | None:
    if not name or ".." in Path(name).parts:
        return None
    folder = repository / "modules" / name
    return folder if (folder / "HEAD").is_file() else None


def left_in_lfs(tree: Path, head: Path) -> list[str]:
    """Files, relative to the tree, that are pointers in it and have their content in the head's tree.

    Where the head has pointers, too, base and head go without; what the head has no longer may not be needed.
    """
    listed = git(tree, "ls-files", "-z", "--", ":(attr:filter=lfs)").out
    return [name for name in listed.split("\0") if name and _is_pointer(tree / name) and _has_content(head / name)]


def pointers_below(folder: Path) -> list[Path]:
    """Files in the folder and below that are pointers."""
    return [path for path in sorted(folder.rglob("*")) if _is_pointer(path)]


def _is_pointer(path: Path) -> bool:
    return path.is_file() and _start(path) == _LFS_POINTER


def _has_content(path: Path) -> bool:
    return path.is_file() and _start(path) != _LFS_POINTER


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_LFS_POINTER))


def _cannot(answer: Answer, revision: Revision, path: Path) -> ComparisonError:
    if "promisor" in answer.err or "not allowed" in answer.err:
        return ComparisonError(
            f"{revision.label} cannot be checked out: this is a partial clone, which lacks files of it",
            where=revision.where,
            cure="Clone without --filter, or let git fetch them once: "
            f"git worktree add --detach DIR {revision.commit}.",
        )
    return ComparisonError(
        f"{revision.label} cannot be checked out: {answer.reason}",
        where=str(path),
        cure="Make room or give write permission there, and fix what git complains about.",
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
