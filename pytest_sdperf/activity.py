"""The activity of a case's workers: what they loaded, opened, listed and started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

UNRECORDED = "its worker was not recorded"
"""The only hazard of a worker that recorded nothing but its modules."""


CONNECTS, STARTS = "it connects to ", "it starts another process"
"""Beginnings of such hazards."""


class Activity(msgspec.Struct, frozen=True):
    """What one worker, or several of a case, did. Paths are absolute; links in them are not resolved."""

    modules: dict[str, str] = {}
    "module -> file, links resolved, of all that were loaded and are not of the standard library"
    imports: list[str] = []
    "modules that were imported, found or not"
    opened: list[str] = []
    "files of the watched folders that Python code opened to read, or tried to"
    written: list[str] = []
    "files of the watched folders that Python code opened to write only"
    listed: list[str] = []
    "folders of the watched ones whose names Python code asked for; not those that the import system looked into"
    searched: list[str] = []
    "folders of the watched ones that the import system looked into"
    outside: list[str] = []
    "files elsewhere that Python code opened to read; not the interpreter's, the libraries' and the system's own"
    hazards: list[str] = []
    "what reaches beyond files and settings, as clauses: `it connects to ('127.0.0.1', 8000)`"

    @property
    def servers(self) -> list[str]:
        """Where it connected to; none where it started processes itself, which may be what answers there."""
        if any(hazard.startswith(STARTS) for hazard in self.hazards):
            return []
        return [hazard.removeprefix(CONNECTS) for hazard in self.hazards if hazard.startswith(CONNECTS)]


def joined(activities: Sequence[Activity]) -> Activity:
    """The activity of several workers as one."""
    modules: dict[str, str] = {}
    for one in activities:
        modules |= one.modules
    lists = {
        name: list(dict.fromkeys(entry for one in activities for entry in getattr(one, name)))
        for name in ("imports", "opened", "written", "listed", "searched", "outside", "hazards")
    }
    return Activity(modules, **lists)


@dataclass(frozen=True)
class Looked:
    """What a case's processes looked at, as they report it and as the file system does. Paths are absolute."""

    activity: Activity
    files: frozenset[str] = frozenset()
    "opened by any process, C code and children included; only those that were there before"
    folders: frozenset[str] = frozenset()
    "whose names any process asked for, the import system's included"
    trouble: str = ""
    "why something may have gone unseen, as a clause; empty: all was seen"
