"""The baselines of another git revision, read without checking it out."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.baselines.inventory import StoredFile, of_bytes
from pytest_sdperf.baselines.store import REFERENCES
from pytest_sdperf.errors import BaselineError, ComparisonError


def files_at(root: Path, revision: str) -> list[StoredFile]:
    """Every baseline that ``root`` holds in ``revision``, whatever state it is in.

    Raises BaselineError for a revision that git does not know, and where ``root`` lies in no repository.
    """
    if revision.startswith("-"):
        raise BaselineError(f"{revision!r} is no revision", where="--against", cure="Name a branch, tag or commit.")
    listed = _git(root, revision, "ls-tree", "-r", "-z", "--name-only", f"{revision}^{{commit}}", "--", ".")
    found = []
    for name in filter(None, listed.split("\0")):
        path = Path(name)
        if len(path.parts) == 2 and path.suffix == ".json" and path.parts[0] != REFERENCES:
            data = os.fsencode(_git(root, revision, "cat-file", "blob", f"{revision}^{{commit}}:./{name}"))
            found.append(of_bytes(data, Path(f"{revision}:{name}"), path.parts[0], path.stem))
    return found


def _git(root: Path, revision: str, *arguments: str) -> str:
    try:
        answer = git(root, *arguments)
    except ComparisonError as error:
        raise BaselineError(error.what, where="--against", cure="Install git, or compare two folders.") from error
    if not answer.ok:
        raise BaselineError(
            f"the baselines of {revision!r} cannot be read: {answer.reason}",
            where="--against",
            cure="Name a branch, tag or commit of the repository that the folder lies in; a shallow clone may lack it.",
        )
    return answer.out
