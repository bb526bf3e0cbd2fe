"""Resolve the name of a revision to a commit, and say what the working tree is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.base.checkout.git import Answer, git
from pytest_sdperf.errors import ComparisonError

AUTO = "auto"
"""The merge-base of HEAD with the default branch."""

_DEFAULT_BRANCHES = ("refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master")

_UNSHALLOW = (
    "Fetch the history: git fetch --unshallow (in GitHub Actions, give actions/checkout the input `fetch-depth: 0`)."
)

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = 10


@dataclass(frozen=True)
class Head:
    """The head: the working tree as it is."""

    commit: str
    "that is checked out"
    toplevel: Path
    "root of the working tree, real path"
    dirty: bool
    "whether files differ from the commit, untracked ones included"
    asked_by: str
    "the option that a revision is named by, for messages"
    untracked_only: bool = False
    "whether what differs are files that git does not know"

    @property
    def label(self) -> str:
        """For people: ``working tree at 1a2b3c4d5e with uncommitted changes``."""
        return f"working tree at {self.commit[:_SHORT]}{' with uncommitted changes' if self.dirty else ''}"


@dataclass(frozen=True)
class Revision:
    """The revision to compare with."""

    name: str
    "as the user wrote it; of `auto`: what it was resolved to, in words"
    commit: str
    "full hash"
    toplevel: Path
    "root of the working tree that it is compared with, real path"
    asked_by: str
    "the option that named it"
    named: str = ""
    "what the option named, where that led to another revision; empty: ``name``"

    @property
    def where(self) -> str:
        """For messages: ``--sdperf-against=main``."""
        return f"{self.asked_by}={self.named or self.name}"

    @property
    def label(self) -> str:
        """For people: ``origin/main (1a2b3c4d5e)``."""
        short = self.commit[:_SHORT]
        return short if self.commit.startswith(self.name.lower()) else f"{self.name} ({short})"


def head_of(folder: Path, asked_by: str, *, otherwise: str = "") -> Head:
    """The working tree that ``folder`` lies in.

    ``asked_by`` is the option that needs it; ``otherwise`` is what may be done where there is no repository, as the
    rest of the cure's sentence.
    Raises ComparisonError where there is no git, no repository, no working tree or no commit.
    """
    answer = git(folder, "rev-parse", "--show-toplevel")
    if not answer.ok:
        raise _no_tree(folder, answer, asked_by, otherwise)
    toplevel = Path(answer.out.rstrip("\n")).resolve()
    commit = commit_of(toplevel, "HEAD")
    if commit is None:
        raise ComparisonError(
            f"the repository {toplevel} has no commit yet", where=asked_by, cure="Commit before comparing."
        )
    status = git(toplevel, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none")
    if not status.ok:
        raise ComparisonError(f"git status fails: {status.reason}", where=str(toplevel), cure="Fix the repository.")
    lines = status.out.splitlines()
    untracked_only = bool(lines) and all(line.startswith("??") for line in lines)
    return Head(commit, toplevel, bool(lines), asked_by, untracked_only)


def find(name: str, head: Head, environ: Mapping[str, str]) -> Revision:
    """The revision that ``name`` stands for: ``auto``, or whatever git knows.

    ``environ`` is asked for GITHUB_BASE_REF, the target branch of a pull request. Nothing is fetched.
    Raises ComparisonError for a revision that is not known here.
    """
    where = f"{head.asked_by}={name}"
    if name.startswith("-") or not name.strip():
        raise ComparisonError(
            f"{name!r} is not a valid name of a revision",
            where=head.asked_by,
            cure="Name a branch, a tag or a commit, or write auto.",
        )
    if name == AUTO:
        branch = _default_branch(head, environ, where)
        return Revision(
            f"merge-base with {_spoken(branch)}", _merge_base(head, branch, where), head.toplevel, head.asked_by
        )
    commit = commit_of(head.toplevel, name)
    if commit is None:
        raise _unknown(name, head, where)
    return Revision(name, commit, head.toplevel, head.asked_by)


def commit_of(toplevel: Path, name: str) -> str | None:
    """The full hash of a revision; None where git knows no such commit."""
    found = git(toplevel, "rev-parse", "--verify", "--quiet", name).out.strip()
    # `^main` and the like are no revisions, but git has an answer to them.
    if not _HASH.fullmatch(found):
        return None
    # A second step: after `:/text` git would take a suffix for text. It leads from a tag to its commit.
    return git(toplevel, "rev-parse", "--verify", "--quiet", f"{found}^{{commit}}").out.strip() or None


def _default_branch(head: Head, environ: Mapping[str, str], where: str) -> str:
    """The full name of the branch that merges go to."""
    if target := environ.get("GITHUB_BASE_REF"):
        # Falling back on another branch here would compare with code that the merge does not touch.
        ref = f"refs/remotes/origin/{target}"
        if commit_of(head.toplevel, ref) is None:
            cure = _UNSHALLOW if is_shallow(head) else f"Fetch it: git fetch origin {target}."
            raise ComparisonError(
                f"the pull request's target branch origin/{target} is not in this clone", where=where, cure=cure
            )
        return ref
    remote = git(head.toplevel, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").out.strip()
    for ref in filter(None, (remote, *_DEFAULT_BRANCHES)):
        if commit_of(head.toplevel, ref) is not None:
            return ref
    spoken = ", ".join(map(_spoken, _DEFAULT_BRANCHES))
    if is_shallow(head):
        raise ComparisonError(
            f"this shallow clone has no default branch (none of {spoken})", where=where, cure=_UNSHALLOW
        )
    raise ComparisonError(
        f"no default branch was found (none of {spoken})",
        where=where,
        cure="Name the revision instead of auto, or set it: git remote set-head origin --auto.",
    )


def _merge_base(head: Head, branch: str, where: str) -> str:
    commit = git(head.toplevel, "merge-base", head.commit, branch).out.strip()
    if _HASH.fullmatch(commit):
        return commit
    if is_shallow(head):
        raise ComparisonError(
            f"this clone is too shallow to hold where HEAD left {_spoken(branch)}", where=where, cure=_UNSHALLOW
        )
    raise ComparisonError(
        f"HEAD and {_spoken(branch)} have no common commit", where=where, cure="Name the revision instead of auto."
    )


def _unknown(name: str, head: Head, where: str) -> ComparisonError:
    if is_shallow(head):
        return ComparisonError(f"git knows no commit {name!r} in this shallow clone", where=where, cure=_UNSHALLOW)
    refs = git(head.toplevel, "for-each-ref", "--format=%(refname:short)").out.split()
    close = [ref for ref in refs if ref.endswith(f"/{name}")] or difflib.get_close_matches(name, refs, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return ComparisonError(
        f"git knows no commit {name!r}",
        where=where,
        cure=f"{hint}Name a branch, tag or commit of this clone, or fetch it first.",
    )


def is_shallow(head: Head) -> bool:
    """Whether the clone lacks early commits."""
    return git(head.toplevel, "rev-parse", "--is-shallow-repository").out.strip() == "true"


def _no_tree(folder: Path, answer: Answer, asked_by: str, otherwise: str) -> ComparisonError:
    if "dubious ownership" in answer.err:
        return ComparisonError(
            f"git does not trust the repository of {folder}, which belongs to somebody else",
            where=asked_by,
            cure=f"Trust it: git config --global --add safe.directory {folder} (its top folder).",
        )
    if "not a git repository" in answer.err:
        return ComparisonError(
            f"{folder} is in no git repository",
            where=asked_by,
            cure=f"Run pytest in a clone of the project{otherwise}.",
        )
    if "must be run in a work tree" in answer.err:
        return ComparisonError(
            f"{folder} has no working tree", where=asked_by, cure="Run pytest where the project is checked out."
        )
    return ComparisonError(
        f"git cannot read the repository of {folder}: {answer.reason}", where=asked_by, cure="Fix it."
    )


def _spoken(ref: str) -> str:
    return ref.removeprefix("refs/remotes/").removeprefix("refs/heads/")
