"""What of a baselines folder nothing needs any more, decided from an inventory; removed only when told to."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_sdperf.atomic import write_atomically
from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines import format as baseline_format
from pytest_sdperf.baselines.confined import confined
from pytest_sdperf.baselines.inventory import Inventory, StoredFile
from pytest_sdperf.baselines.picture_use import unused
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.wording import plural


@dataclass(frozen=True)
class Removal:
    """A file that is to go."""

    path: Path
    why: str
    size_bytes: int


@dataclass(frozen=True)
class Shortening:
    """A baseline whose oldest jobs are to go."""

    file: StoredFile
    stored: Baseline
    "what is left"

    @property
    def why(self) -> str:
        had = 0 if self.file.stored is None else len(self.file.stored.runs)
        return f"{plural(had - len(self.stored.runs), 'older job')} of {had}"


@dataclass(frozen=True)
class Rules:
    """What counts as no longer needed."""

    variants: Collection[str]
    "names of the known variants"
    all_known: bool = False
    "True: a variant that is not among them is gone; False: it may be that of a conftest that nobody named"
    used: Mapping[str, Collection[str]] = field(default_factory=dict)
    "machine key -> ids of the cases that a whole run used there; other machines are not judged by it"
    only_machine: str = ""
    "baselines of all other machines are to go; empty: they stay"
    keep_jobs: int | None = None
    "the newest jobs that stay; None: all"


@dataclass(frozen=True)
class Prunable:
    """What may go, and what was not decided."""

    removals: list[Removal]
    shortenings: list[Shortening]
    notes: list[str]

    def __bool__(self) -> bool:
        return bool(self.removals or self.shortenings)


def prunable(found: Inventory, rules: Rules) -> Prunable:
    """Judge every file. One that cannot be read is never removed: what it holds is not known."""
    going = {file.path: why for file in found.files if (why := _why(file, rules))}
    staying = [file for file in found.files if file.path not in going]
    removals = [Removal(f.path, going[f.path], f.size_bytes) for f in found.files if f.path in going]
    shortenings = [
        Shortening(file, Baseline(file.stored.runs[-rules.keep_jobs :]))
        for file in staying
        if rules.keep_jobs is not None and file.stored and len(file.stored.runs) > rules.keep_jobs
    ]
    notes = list(_notes(found, staying, rules))
    pictures = {picture.key: picture for picture in found.pictures if picture.key is not None}
    free = None
    if not found.faults:
        free = unused(pictures, [m for file in staying if file.stored for m in file.stored.measurements])
        if free is None:
            notes.append("reference pictures were not judged: a baseline does not say what it draws")
    removals += [Removal(pictures[k].path, "no stored baseline needs it", pictures[k].size_bytes) for k in free or ()]
    return Prunable(removals, shortenings, notes)


def prune(root: Path, what: Prunable) -> None:
    """Remove and shorten; folders that are then empty go, too. Raises BaselineError where the disk refuses."""
    for removal in what.removals:
        path = confined(root, *removal.path.relative_to(root).parts)
        try:
            path.unlink()
        except OSError as error:
            raise BaselineError(
                f"removing failed: {error.strerror or error}", where=str(path), cure="Give write permission; run again."
            ) from error
        with contextlib.suppress(OSError):  # not empty
            path.parent.rmdir()
    for shortening in what.shortenings:
        path = confined(root, *shortening.file.path.relative_to(root).parts)
        write_atomically(path, baseline_format.encode(shortening.stored))


def _why(file: StoredFile, rules: Rules) -> str:
    """Why a baseline may go; empty where it stays."""
    if file.stored is None:
        return ""
    variant = file.stored.newest.variant
    if rules.only_machine and file.machine_key != rules.only_machine:
        return f"another machine than this ({rules.only_machine})"
    if rules.all_known and variant not in rules.variants:
        return f"no variant is called {variant}"
    if file.machine_key in rules.used and file.case_id not in rules.used[file.machine_key]:
        return "the run of the report did not use it"
    return ""


def _notes(found: Inventory, staying: Collection[StoredFile], rules: Rules) -> Iterator[str]:
    strange = [f.stored.newest.variant for f in staying if f.stored and f.stored.newest.variant not in rules.variants]
    if strange:
        yield (
            f"kept, but neither built in nor of an installed package: {', '.join(dict.fromkeys(strange))}. Name the "
            "folder whose conftest declares your variants with --tests=PATH to know which are gone"
        )
    if found.faults:
        files = plural(len(found.faults), "file")
        yield f"{files} cannot be trusted, so no picture was judged: see sdperf baselines verify"
    if found.strangers:
        names = ", ".join(str(path.relative_to(found.root)) for path in found.strangers)
        yield f"neither a baseline nor a picture, and left alone: {names}"
