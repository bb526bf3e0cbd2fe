"""Where baselines lie: <root>/<machine key>/<case id>.json; loaded, saved by one writer at a time, never deleted."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.atomic import write_atomically
from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines import file_format
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.file_lock import LockHeldError, NoLockError, file_lock
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.models.cache import VARIABLE as CACHE
from pytest_sdperf.models.cache import cache_dir
from pytest_sdperf.whole_file import read_whole

REFERENCES = "references"
"""Folder of reference pictures, next to the machines' folders."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")

_WAIT_S = 60.0
"""A write takes milliseconds: a lock held longer belongs to a process that hangs."""


@dataclass(frozen=True)
class BaselineStore:
    """The baselines of one machine under ``root``."""

    root: Path
    "the folder that --sdperf-baselines names"
    machine_key: str
    "this machine, as `hardware` names it"

    def path(self, case_id: str) -> Path:
        """The file of one case. Raises BaselineError where the names would leave the folder."""
        return confined(self.root, self.machine_key, f"{case_id}.json")

    def load(self, case_id: str) -> Baseline | None:
        """The stored baseline, None where there is none. Raises BaselineError for one that cannot be trusted."""
        path = self.path(case_id)
        try:
            data = read_whole(path, is_regular=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BaselineError(
                f"reading failed: {error.strerror or error}", where=str(path), cure="Make it a readable file."
            ) from error
        return file_format.decode(data, where=str(path), case_id=case_id, machine_key=self.machine_key)

    def save(self, stored: Baseline) -> Path:
        """Store the runs of a case as its baseline, whole or not at all, and say where.

        Raises BaselineError for runs of another machine, runs that must not be stored, or a disk that does
        not take them; what was stored before is then unchanged.
        """
        measured_on = stored.newest.environment.machine_key
        path = self.path(stored.newest.case_id)
        if measured_on != self.machine_key:
            raise BaselineError(
                f"a measurement of machine {measured_on} cannot be a baseline of machine {self.machine_key}",
                where=str(path),
                cure="Record it on the machine that it shall judge.",
            )
        write_file(path, file_format.encode(stored))
        return path

    def check_writable(self, case_id: str) -> None:
        """Raises BaselineError, as writing would, where the runs or the reference pictures of a case cannot be stored.

        A disk that fills up meanwhile is not foreseen.
        """
        check_writable(self.path(case_id))
        check_writable(confined(self.root, REFERENCES, f"{case_id}.png"))

    def variants(self) -> Iterator[list[Measurement]]:
        """The runs of every case of this machine, used by this run or not: they show how far runs differ here.

        A file that cannot be trusted shows nothing; it fails the case that it belongs to, not all others.
        """
        for path in self.unused(()):
            try:
                stored = self.load(path.stem)
            except BaselineError:
                continue
            if stored is not None:
                yield stored.measurements

    def unused(self, used_ids: Collection[str]) -> list[Path]:
        """Baselines of this machine for cases that are not among ``used_ids``: reported, never deleted."""
        return [p for p in _entries(self.root / self.machine_key) if _is_baseline(p) and p.stem not in used_ids]

    def foreign(self) -> list[Path]:
        """Other machines' folders and files that are not baselines: reported, never deleted."""
        ours = {self.machine_key, REFERENCES}
        around = [p for p in _entries(self.root) if not (p.name in ours and p.is_dir())]
        return around + [p for p in _entries(self.root / self.machine_key) if not _is_baseline(p)]


def certainly_unused(paths: Iterable[Path], unfinished: Mapping[str, Collection[str]]) -> list[Path]:
    """Of baselines that a run did not use those that no test would have used, had all come to their end.

    ``unfinished`` is that of a report: test -> its variants, none where they are not known.
    """
    if not all(unfinished.values()):
        return []
    variants = {name for names in unfinished.values() for name in names}
    return [path for path in paths if variant_of(path.stem) not in variants]


def variant_of(case_id: str) -> str:
    """The variant's name, with which the id of a case begins."""
    return case_id.partition("-")[0]


def confined(root: Path, *names: str) -> Path:
    """``root`` joined with ``names``, each one plain file or folder name.

    Raises BaselineError for a name that climbs (`..`, `/`), is hidden or too long, and for a symbolic link
    on the way that leads out of ``root``.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise BaselineError(
                f"{name!r} cannot name a stored file",
                where=str(root),
                cure="Use letters, digits and . _ + - only, up to 200 of them.",
            )
    path = root.joinpath(*names)
    if not path.resolve().is_relative_to(root.resolve()):
        raise BaselineError(
            f"a symbolic link leads out of the baselines folder to {path.resolve()}",
            where=str(path),
            cure="Remove the link, or point --sdperf-baselines at the folder itself.",
        )
    return path


def write_file(path: Path, data: bytes) -> None:
    """Write a file of the folder, whole or not at all, one writer at a time.

    Raises BaselineError where that fails; what was stored before is then unchanged.
    """
    with _writing(path):
        write_atomically(path, data)


def check_writable(path: Path) -> None:
    """Raise BaselineError, as `write_file` would, where there is no lock to be had, or no file can be made."""
    with _writing(path):
        there = next(folder for folder in path.parents if os.path.lexists(folder))
        with tempfile.TemporaryFile(dir=there):
            pass


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """The lock of one file, and for whatever goes wrong a sentence."""
    lock = lock_path(path)
    try:
        with file_lock(lock, _WAIT_S):
            yield
    except NoLockError as error:
        raise BaselineError(
            f"{error}, so nothing was written; the stored file is unchanged",
            where=str(lock),
            cure=f"Name a folder on a local disk that can be written in the environment variable {CACHE}, then run the "
            "same command again.",
        ) from error
    except LockHeldError as error:
        raise BaselineError(
            f"another process has been writing for {_WAIT_S:.0f} s", where=str(path), cure=f"End it (lock {lock})."
        ) from error
    except OSError as error:
        raise BaselineError(
            f"writing failed: {error.strerror or error}; the stored file is unchanged",
            where=str(path),
            cure="Make room or give write permission, then run the same command again.",
        ) from error


def lock_path(path: Path) -> Path:
    """The lock of one stored file; kept in the user's cache, for locks would litter a folder under review."""
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:24]
    return cache_dir() / "locks" / f"{digest}.lock"


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_baseline(path: Path) -> bool:
    return path.suffix == ".json" and path.is_file() and not path.name.startswith(".")
