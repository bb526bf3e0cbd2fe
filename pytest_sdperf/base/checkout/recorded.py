"""Find the revision that has what was recorded: files are compared by content, whatever was checked out then."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import commit_of
from pytest_sdperf.program import Program

_SHA1_DIGITS = 40


def commit_with(program: Program, toplevel: Path, candidates: Iterable[str]) -> str | None:
    """The first of some commits that holds each module and file that ``program`` loaded and opened; None: none does."""
    files = {program.places[name]: digest for name, digest in program.modules.items() if name in program.places}
    files |= {path: digest for path, digest in program.files.items() if not path.endswith(("/", " (link)"))}
    for candidate in dict.fromkeys(filter(None, candidates)):
        commit = commit_of(toplevel, candidate)
        if commit and all(_sha256(toplevel, commit, path) == digest for path, digest in files.items()):
            return commit
    return None


def unchanged_since(commit: str, toplevel: Path, places: Iterable[str]) -> set[str]:
    """Those of some files that the commit has as they are now, and of some folders (``data/``) that it has."""
    answer = git(toplevel, "ls-tree", "-r", "-t", "-z", "--full-tree", commit)
    there = {}
    for entry in filter(None, answer.out.split("\0") if answer.ok else ()):
        facts, _, path = entry.partition("\t")
        _, kind, blob = facts.split(" ")
        there[f"{path}/" if kind == "tree" else path] = blob
    return {place for place in places if place in there and (place.endswith("/") or _is_blob(toplevel, place, there))}


def _is_blob(toplevel: Path, place: str, blobs: Mapping[str, str]) -> bool:
    """Whether a file is what git calls by that hash (SHA-1, or SHA-256 in repositories that were made with it)."""
    try:
        content = Path(toplevel, place).read_bytes()
    except OSError:
        return False
    name = blobs[place]
    kind = hashlib.sha1 if len(name) == _SHA1_DIGITS else hashlib.sha256
    return kind(b"blob %d\0" % len(content) + content).hexdigest() == name


def _sha256(toplevel: Path, commit: str, path: str) -> str:
    """Empty where the commit has no such file."""
    answer = git(toplevel, "cat-file", "blob", f"{commit}:{path}")
    return hashlib.sha256(os.fsencode(answer.out)).hexdigest() if answer.ok else ""
