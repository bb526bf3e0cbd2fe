"""Find the revision that has what was recorded: files are compared by content, whatever was checked out then."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import commit_of
from pytest_sdperf.program import Program


def commit_with(program: Program, toplevel: Path, candidates: Iterable[str]) -> str | None:
    """The first of some commits that holds each module and file that ``program`` loaded and opened; None: none does."""
    files = {program.places[name]: digest for name, digest in program.modules.items() if name in program.places}
    files |= {path: digest for path, digest in program.files.items() if not path.endswith(("/", " (link)"))}
    for candidate in dict.fromkeys(filter(None, candidates)):
        commit = commit_of(toplevel, candidate)
        if commit and all(_sha256(toplevel, commit, path) == digest for path, digest in files.items()):
            return commit
    return None


def _sha256(toplevel: Path, commit: str, path: str) -> str:
    """Empty where the commit has no such file."""
    answer = git(toplevel, "cat-file", "blob", f"{commit}:{path}")
    return hashlib.sha256(os.fsencode(answer.out)).hexdigest() if answer.ok else ""
