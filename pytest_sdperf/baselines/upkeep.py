"""Faults in a baselines folder, and the files and runs that are no longer needed: decided from an inventory."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines import file_format
from pytest_sdperf.baselines.inventory import Inventory, StoredFile
from pytest_sdperf.baselines.store import certainly_unused, confined, write_file
from pytest_sdperf.baselines.stored_pictures import ReferenceKey
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.variant import REFERENCE_VARIANT
from pytest_sdperf.wording import listed, plural

_MODELS_OWN = "default"
"""Scheduler of a picture that was drawn with the model's own, which a baseline calls by its class."""


@dataclass(frozen=True)
class Removal:
    """A file that is to go."""

    path: Path
    why: str
    size_bytes: int


@dataclass(frozen=True)
class Shortening:
    """A baseline whose oldest runs are to go."""

    file: StoredFile
    stored: Baseline
    "what is left"

    @property
    def why(self) -> str:
        had = 0 if self.file.stored is None else len(self.file.stored.runs)
        return f"{plural(had - len(self.stored.runs), 'older run')} of {had}"


@dataclass(frozen=True)
class Rules:
    """Rules by which files and runs count as no longer needed."""

    variants: Collection[str]
    "names of the known variants"
    all_known: bool = False
    "True: a variant that is not among them is gone; False: it may be that of a conftest that nobody named"
    used: Mapping[str, Collection[str]] = field(default_factory=dict)
    "machine key -> ids of the cases that a whole run used there; other machines are not judged by it"
    unfinished: Mapping[str, Collection[str]] = field(default_factory=dict)
    """test of that run that failed or was skipped -> its variants, none where they are not known: their baselines may
    be those of cases that it did not come to"""
    only_machine: str = ""
    "baselines of all other machines are to go; empty: they stay"
    keep_runs: int | None = None
    "the newest runs that stay; None: all"


@dataclass(frozen=True)
class Prunable:
    """Files and runs that may go, and notes on those that were not decided."""

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
        Shortening(file, Baseline(file.stored.runs[-rules.keep_runs :]))
        for file in staying
        if rules.keep_runs is not None and file.stored and len(file.stored.runs) > rules.keep_runs
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
        write_file(path, file_format.encode(shortening.stored))


def faults(found: Inventory) -> list[BaselineError]:
    """Every fault with its file and cure: what cannot be read, and baselines whose pictures are not all there."""
    return [*found.faults, *(fault for file in found.files if (fault := _missing(found, file)))]


class Need(NamedTuple):
    """A picture that a baseline is compared with; whose it is (mostly fp32's) the baseline does not say."""

    model_digest: str
    "empty: the variant brings its own weights, and the reference's are not known"
    scheduler: str
    prompt: str
    num_inference_steps: int
    guidance_scale: float
    seed: int
    size: tuple[int, int]

    def is_met_by(self, key: ReferenceKey) -> bool:
        """Whether a stored picture may be the one; where something is not known, it may."""
        return (
            self.model_digest in ("", key.model_digest)
            and key.scheduler in (_MODELS_OWN, self.scheduler)
            and (self.prompt, self.num_inference_steps, self.seed, self.size)
            == (key.prompt, key.num_inference_steps, key.seed, tuple(key.size))
            and self.guidance_scale == key.guidance_scale
        )


def needs(measurement: Measurement) -> list[Need] | None:
    """The pictures that a measurement's case is compared with; None where its workload is not known in full."""
    drawn: Mapping[str, Any] = measurement.workload
    try:
        return [
            Need(
                model_digest=measurement.model_digest,
                scheduler=measurement.scheduler,
                prompt=str(prompt),
                num_inference_steps=int(drawn["num_inference_steps"]),
                guidance_scale=float(drawn["guidance_scale"]),
                seed=int(seed),
                size=(int(height), int(width)),
            )
            for height, width in _list(drawn, "sizes")
            for prompt in _list(drawn, "prompts")
            for seed in _list(drawn, "seeds")
        ]
    except (KeyError, TypeError, ValueError):
        return None


def unused(keys: Iterable[ReferenceKey], measurements: Iterable[Measurement]) -> list[ReferenceKey] | None:
    """Of ``keys`` those that no measurement needs; None where a measurement does not say what it needs."""
    wanted: list[Need] = []
    for measurement in measurements:
        found = needs(measurement)
        if found is None:
            return None
        wanted += found
    return [key for key in keys if not any(need.is_met_by(key) for need in wanted)]


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
        return "the run of the report did not use it" if certainly_unused([file.path], rules.unfinished) else ""
    return ""


def _notes(found: Inventory, staying: Collection[StoredFile], rules: Rules) -> Iterator[str]:
    strange = [f.stored.newest.variant for f in staying if f.stored and f.stored.newest.variant not in rules.variants]
    if strange:
        yield (
            f"kept, but neither built in nor of an installed package: {', '.join(dict.fromkeys(strange))}. Name the "
            "folder whose conftest declares your variants with --tests=PATH to know which are gone"
        )
    if rules.unfinished:
        variants = list(dict.fromkeys(name for names in rules.unfinished.values() for name in names))
        kept = f"baselines of {listed(variants)} are" if all(rules.unfinished.values()) else "all baselines are"
        yield (
            f"{listed(rules.unfinished)} failed or skipped in the run of the report, which may thus not name all "
            f"cases: {kept} kept, used or not"
        )
    if found.faults:
        files = plural(len(found.faults), "file")
        yield f"{files} cannot be trusted, so no picture was judged: see sdperf baselines verify"
    if found.strangers:
        names = ", ".join(str(path.relative_to(found.root)) for path in found.strangers)
        yield f"neither a baseline nor a picture, and left alone: {names}"


def _missing(found: Inventory, file: StoredFile) -> BaselineError | None:
    """A set of pictures that has holes is not used at all, and fp32 has no truth but its own stored pictures.

    No picture at all is no fault of the others: they were compared with fp32 in the same run, or fp32 cannot run there.
    """
    wanted = (needs(file.stored.newest) if file.stored else None) or []
    missing = [need for need in wanted if not _is_there(need, found)]
    own_truth = file.stored is not None and file.stored.newest.variant == REFERENCE_VARIANT
    if not missing or (len(missing) == len(wanted) and not own_truth):
        return None
    return BaselineError(
        f"{len(missing)} of its {plural(len(wanted), 'reference picture')} {'is' if len(missing) == 1 else 'are'} "
        f"missing, the first is of {missing[0].prompt!r} with seed {missing[0].seed}",
        where=str(file.path),
        cure="Restore the pictures, or record them again with `pytest --sdperf --sdperf-update=all`.",
    )


def _is_there(need: Need, found: Inventory) -> bool:
    return any(picture.key is not None and need.is_met_by(picture.key) for picture in found.pictures)


def _list(drawn: Mapping[str, Any], name: str) -> list[Any] | tuple[Any, ...]:
    found = drawn[name]
    if not isinstance(found, (list, tuple)):
        raise TypeError(name)
    return found
