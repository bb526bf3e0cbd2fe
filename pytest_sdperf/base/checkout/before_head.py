"""The base where the revision that was named is the head itself: a build of the default branch, after the merge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import Head, Revision, commit_of, find, is_shallow


class Base(NamedTuple):
    """What a named revision leads to."""

    revision: Revision | None
    "None: nothing was there before the head"
    found: Revision
    "as it was named"
    note: str = ""
    "for people, where the base is another commit than the one that was named, or there is none"


def base_of(name: str, head: Head, environ: Mapping[str, str]) -> Base:
    """The revision to compare with, or to judge by; what was there before, where the name leads to the head itself.

    Raises ComparisonError as `revision.find` does.
    """
    found = find(name, head, environ)
    if found.commit != head.commit or _is_edited(head, environ):
        return Base(found, found)
    for words, candidate in (*_pushed(head, environ), ("the previous commit", "HEAD^1")):
        commit = commit_of(head.toplevel, candidate)
        if commit not in (None, head.commit) and _is_before(head, commit):
            revision = Revision(words, commit, head.toplevel, head.asked_by, named=name)
            return Base(revision, found, f"{found.label} is what is checked out, so the base is {revision.label}")
    why = "it is the first commit"
    if is_shallow(head):
        why = "this shallow clone holds no earlier commit (in GitHub Actions, give actions/checkout `fetch-depth: 2`)"
    return Base(None, found, f"{found.label} is what is checked out, and {why}")


def _is_edited(head: Head, environ: Mapping[str, str]) -> bool:
    """Whether the working tree is another than its commit. Nobody edits in CI: untracked files are what a job makes."""
    in_ci = bool(environ.get("CI") or environ.get("BUILD_NUMBER"))
    return head.dirty and not (in_ci and head.untracked_only)


def _pushed(head: Head, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What CI says was there before the push, or before the last build, of the head."""
    if environ.get("GITHUB_SHA") == head.commit and environ.get("GITHUB_EVENT_NAME") == "push":
        yield "the commit before the push", _before_of_event(environ.get("GITHUB_EVENT_PATH", ""))
    if environ.get("CI_COMMIT_SHA") == head.commit:
        yield "the commit before the push", environ.get("CI_COMMIT_BEFORE_SHA", "")
    if environ.get("GIT_COMMIT") == head.commit:
        yield "the commit of the previous build", environ.get("GIT_PREVIOUS_COMMIT", "")


def _before_of_event(path: str) -> str:
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    before = event.get("before") if isinstance(event, dict) else None
    return before if isinstance(before, str) else ""


def _is_before(head: Head, commit: str | None) -> bool:
    """Whether the branch holds it: what a forced push replaced is none of it."""
    return commit is not None and git(head.toplevel, "merge-base", "--is-ancestor", commit, head.commit).ok
