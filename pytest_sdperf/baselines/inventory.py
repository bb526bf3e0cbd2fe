"""Everything under a baselines folder, of all machines, read with distrust: what is fine, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines import file_format
from pytest_sdperf.baselines.store import REFERENCES, confined
from pytest_sdperf.baselines.stored_pictures import ReferenceKey, load_reference, read_key, reference_path
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.whole_file import read_whole


@dataclass(frozen=True)
class StoredFile:
    """One baseline's file."""

    path: Path
    machine_key: str
    "as its folder says"
    case_id: str
    "as its name says"
    size_bytes: int
    stored: Baseline | None
    "None where it cannot be trusted"
    fault: BaselineError | None = None
    "why not"


@dataclass(frozen=True)
class PictureFile:
    """One reference picture's file."""

    path: Path
    size_bytes: int
    key: ReferenceKey | None
    "None where it cannot be trusted"
    fault: BaselineError | None = None


@dataclass(frozen=True)
class Inventory:
    """A baselines folder."""

    root: Path
    files: list[StoredFile]
    pictures: list[PictureFile]
    strangers: list[Path]
    "what is neither a baseline nor a reference picture: hidden files are not counted"

    @property
    def faults(self) -> list[BaselineError]:
        """Of every file that cannot be trusted."""
        found = [*(file.fault for file in self.files), *(picture.fault for picture in self.pictures)]
        return [fault for fault in found if fault is not None]


def inventory(root: Path, *, pixels: bool = False) -> Inventory:
    """Read every file below ``root``; with ``pixels`` every picture is unpacked as well. Nothing is written.

    Raises BaselineError where the folder itself cannot be read.
    """
    files: list[StoredFile] = []
    pictures: list[PictureFile] = []
    strangers: list[Path] = []
    for folder in _entries(root):
        if not folder.is_dir():
            strangers.append(folder)
        elif folder.name == REFERENCES:
            models = _entries(folder)
            strangers += [path for path in models if not path.is_dir()]
            for path in (path for model in models if model.is_dir() for path in _entries(model)):
                if path.suffix == ".png" and not path.is_dir():
                    pictures.append(_picture(root, path, pixels=pixels))
                else:
                    strangers.append(path)
        else:
            for path in _entries(folder):
                if path.suffix == ".json" and not path.is_dir():
                    files.append(read_file(root, path))
                else:
                    strangers.append(path)
    return Inventory(root, files, pictures, strangers)


def read_file(root: Path, path: Path) -> StoredFile:
    """One baseline below ``root``, whatever state it is in."""
    machine_key, case_id = path.parent.name, path.stem
    try:
        data = _read(confined(root, machine_key, path.name))
    except BaselineError as fault:
        return StoredFile(path, machine_key, case_id, _size(path), None, fault)
    return of_bytes(data, path, machine_key, case_id)


def of_bytes(data: bytes, path: Path, machine_key: str, case_id: str) -> StoredFile:
    """A baseline that was read already (from a revision, say); ``path`` names it in errors."""
    try:
        stored = file_format.decode(data, where=str(path), case_id=case_id, machine_key=machine_key)
    except BaselineError as fault:
        return StoredFile(path, machine_key, case_id, len(data), None, fault)
    return StoredFile(path, machine_key, case_id, len(data), stored)


class _Names(msgspec.Struct, frozen=True):
    case_id: str = ""
    machine_key: str = ""


def read_single(path: Path) -> StoredFile:
    """A baseline that may lie anywhere: it is taken for that of the case and machine that it names itself.

    Raises BaselineError where it cannot be read or trusted.
    """
    data = _read(path)
    try:
        names = msgspec.json.decode(data, type=_Names)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        names = _Names()  # what is wrong with it is reported below
    found = of_bytes(data, path, names.machine_key, names.case_id)
    if found.fault:
        raise found.fault
    return found


def _read(path: Path) -> bytes:
    try:
        return read_whole(path, is_regular=True)
    except OSError as error:
        raise BaselineError(
            f"reading failed: {error.strerror or error}", where=str(path), cure="Name a file that can be read."
        ) from error


def _picture(root: Path, path: Path, *, pixels: bool) -> PictureFile:
    try:
        confined(root, REFERENCES, path.parent.name, path.name)
        key = read_key(path)
        _check_place(root, path, reference_path(root, key))
        if pixels:
            load_reference(root, key)
    except BaselineError as fault:
        return PictureFile(path, _size(path), None, fault)
    return PictureFile(path, _size(path), key)


def _check_place(root: Path, path: Path, belongs: Path) -> None:
    if belongs != path:
        raise BaselineError(
            f"the picture is that of {belongs.relative_to(root)}",
            where=str(path),
            cure="Rename it, or delete it and record it again with `pytest --sdperf --sdperf-update=new`.",
        )


def _entries(folder: Path) -> list[Path]:
    """Entries of a folder, sorted; hidden files (of editors, version control, unfinished writes) are passed over."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise BaselineError(
            f"the folder cannot be read: {error.strerror or error}", where=str(folder), cure="Make it readable."
        ) from error
    return [path for path in found if not path.name.startswith(".")]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
