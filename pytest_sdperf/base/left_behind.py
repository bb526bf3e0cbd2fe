"""Files that the head runs and the base has not, because git ignores them: built, generated or downloaded ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_sdperf.activity import UNRECORDED, Activity, Looked
from pytest_sdperf.base.git_ignored import ignored
from pytest_sdperf.base.target import AGAINST
from pytest_sdperf.base.tree_difference import names_below
from pytest_sdperf.base.tree_walk import is_apart
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.wording import listed

CARRY, RUN = "--sdperf-base-carry", "--sdperf-base-run"

_SHOWN = 3

_LONGEST = 160
"""Characters of an error that stand in the sentence on the missing file: the cure must not be cut off."""

_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")
_MISSING_NAME = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
_MISSING_FILE = re.compile(r"No such file or directory: b?'([^'\n]+)'")
_SUFFIXES = (".py", ".so", ".pyd", "/__init__.py")


def left_behind(looked: Looked, trees: Trees, *, base: Activity | None, label: str) -> ComparisonError | None:
    """An error for code and files that only the head's workers had: git ignores them, and the base has no such file.

    ``base`` is what the base's worker did: where that opened the head's own file, both used it. ``label`` names the
    base. Files that C code alone has opened are not among them: nobody knows who opened the head's file then.
    """
    head = os.path.realpath(trees.head)
    modules = {file: name for name, file in looked.activity.modules.items()}
    is_known = base is not None and UNRECORDED not in base.hazards
    read = set(modules) | ({*looked.activity.opened} - {*base.opened} if base and is_known else set())
    places = sorted({_up_to_a_link(head, path) for path in _below(head, read)})
    lacking = [path for path in places if _is_of_head(trees, head, path) and _is_lacking(trees, path)]
    found = sorted(ignored(head, lacking))
    if not found:
        return None
    code = [f"{modules[f'{head}/{path}']} ({path})" for path in found if f"{head}/{path}" in modules]
    did = f"loaded {listed(code, _SHOWN)}" if code else f"read {listed(found, _SHOWN)}"
    more = code or found
    it = "it" if len(more) == 1 else "them"
    return ComparisonError(
        f"the head {did}; git ignores {it}, so {label} does not have {it} and runs something else",
        where=AGAINST,
        cure=cure(found, [path for path in found if _leads_out(head, path)]),
    )


def cure(paths: Sequence[str], links: Sequence[str] = ()) -> str:
    """How the base gets files that git ignores: ``paths`` in the repository, of which ``links`` lead out of it."""
    if links:
        return f"Make the same link there: {RUN}='ln -s TARGET {links[0]}', or name its target in the code."
    named = ",".join(sorted(paths)[:_SHOWN])
    return (
        f"Carry what is built for every revision alike: {CARRY}={named}; build what depends on it there: {RUN}=COMMAND."
    )


def explained(error: ComparisonError, said: str, trees: Trees, *, label: str) -> ComparisonError:
    """The same error; where it says that a file is missing that git ignores, with that file and the cure.

    ``said`` is what the base's process printed.
    """
    head = os.path.realpath(trees.head)
    candidates = {path for path in _candidates(said, trees) if _is_lacking(trees, path)}
    found = sorted(ignored(head, candidates))
    if not found:
        return error
    is_or_are = "is" if len(found) == 1 else "are"
    it = "it" if len(found) == 1 else "them"
    why = error.what if len(error.what) <= _LONGEST else f"{error.what[:_LONGEST]} …"
    named = f"{listed(found, _SHOWN)} {is_or_are} in the working tree"
    return ComparisonError(
        f"{named}, but git ignores {it}, so {label} does not have {it}: {why}",
        where=AGAINST,
        cure=cure(found),
        log_tail=error.log_tail,
    )


def _candidates(said: str, trees: Trees) -> Iterator[str]:
    """Files of the head's tree that a process of the base may have missed, by what it printed."""
    head, base = os.path.realpath(trees.head), os.path.realpath(trees.base)
    modules = [*_MISSING_MODULE.findall(said), *(f"{m[1]}.{m[0]}" for m in _MISSING_NAME.findall(said))]
    if modules:
        ends = {f"{name.replace('.', '/')}{suffix}" for name in modules for suffix in _SUFFIXES}
        stems = {name.replace(".", "/") for name in modules}
        for path in names_below(head, lambda folder: is_apart(folder) or folder == base):
            stem = path.partition(".")[0]
            if any(path == end or path.endswith(f"/{end}") for end in ends) or (
                path.endswith((".so", ".pyd")) and any(stem == s or stem.endswith(f"/{s}") for s in stems)
            ):
                yield path
    for name in _MISSING_FILE.findall(said):
        for root in (base, head):
            if name.startswith(f"{root}{os.sep}"):
                yield os.path.relpath(name, root)
        if not Path(name).is_absolute():
            yield from (p for p in names_below(head, is_apart) if p == name or p.endswith(f"/{name}"))


def _below(head: str, paths: Iterable[str]) -> list[str]:
    apart = f"{os.sep}__pycache__{os.sep}"
    return sorted(os.path.relpath(p, head) for p in paths if p.startswith(f"{head}{os.sep}") and apart not in p)


def _up_to_a_link(head: str, path: str) -> str:
    """The first link on the way to a file, which git knows and below which it knows nothing; else the file itself."""
    way = [*reversed(Path(path).parents[:-1]), Path(path)]
    return str(next((place for place in way if Path(head, place).is_symlink()), Path(path)))


def _is_of_head(trees: Trees, head: str, path: str) -> bool:
    """Whether a file, or a link wherever it leads, lies in the head's tree and in no interpreter's folder there."""
    place = Path(head, path)
    return trees.home(place.parent if place.is_symlink() else place) == "head"


def _leads_out(head: str, path: str) -> bool:
    return not Path(os.path.realpath(f"{head}/{path}")).is_relative_to(head)


def _is_lacking(trees: Trees, path: str) -> bool:
    """Whether the head has a file, or a link to something, and the base has nothing there."""
    here = Path(trees.head, path)
    return (here.is_file() or (here.is_symlink() and here.exists())) and not os.path.lexists(Path(trees.base, path))
