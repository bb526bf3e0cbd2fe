"""See which files of some folders any process opens: inotify (Linux), which sees C code and child processes, too."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pytest_sdperf.activity import Activity, Looked
from pytest_sdperf.base.tree_walk import Skip, walk

_IN_OPEN = 0x20
_IN_ISDIR = 0x40000000
_IN_Q_OVERFLOW = 0x4000
_IN_ONLYDIR = 0x01000000
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")
_READ_BYTES = 1 << 18

MOST_FOLDERS = 50_000
"""Folders that are watched at most: a walk through more takes longer than a pair."""


@dataclass(frozen=True)
class Part:
    """What was opened in some time, absolute paths."""

    files: set[str]
    folders: set[str]


@dataclass
class FileWatch:
    """Watches folders and all below them from `begin` to `end`.

    Of what is opened only files that were there at the beginning count: what a case makes itself is nobody else's.
    """

    roots: Sequence[str]
    skip: Skip
    _fd: int = -1
    _paths: dict[int, str] = field(default_factory=dict)
    _names: dict[str, set[str]] = field(default_factory=dict)
    _files: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)
    _trouble: str = ""

    def begin(self) -> None:
        """Start to watch; what keeps that from working is in the result of `end`."""
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            self._fd = _number(libc.inotify_init1(_FLAGS))
            for root in self.roots:
                for folder, names in walk(os.path.realpath(root), self.skip):
                    if len(self._paths) >= MOST_FOLDERS:
                        self._trouble = f"there are more than {MOST_FOLDERS} folders to watch"
                        return
                    mask = _IN_OPEN | _IN_ONLYDIR
                    number = _number(libc.inotify_add_watch(self._fd, os.fsencode(folder), mask))
                    self._paths[number], self._names[folder] = folder, names
            self._try_out()
        except (OSError, AttributeError) as error:  # no inotify here, or no watch left
            self._trouble = f"opened files cannot be watched here ({error})"

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._fd >= 0 and (data := os.read(self._fd, _READ_BYTES)):
                self._take(data)

    @contextmanager
    def paused(self, activity: Activity) -> Iterator[Looked]:
        """What was opened so far, next to what the watched processes report; what is opened meanwhile is forgotten."""
        self._drain_or_say()
        looked = self._looked(activity)
        yield looked
        self._drain_or_say()
        self._files, self._folders = set(looked.files), set(looked.folders)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """What is opened within the block, which counts as ever, too; complete after the block."""
        self._drain_or_say()
        before, (self._files, self._folders) = (self._files, self._folders), (set(), set())
        part = Part(self._files, self._folders)
        yield part
        self._drain_or_say()
        self._files, self._folders = self._files | before[0], self._folders | before[1]

    def add(self, part: Part) -> None:
        """What a process of this case opened before this watch began."""
        self._files |= part.files
        self._folders |= part.folders

    def forget(self, activity: Activity) -> None:
        """What a process of another case says to have opened so far: what ours open of it, they report themselves."""
        self._drain_or_say()
        self._files -= {*activity.opened}
        self._folders -= {*activity.listed, *activity.searched}

    def end(self, activity: Activity) -> Looked:
        """Stop, and say what was opened, next to what the watched processes report."""
        self.stop()
        return self._looked(activity)

    def _looked(self, activity: Activity) -> Looked:
        return Looked(activity, frozenset(self._files), frozenset(self._folders), self._trouble)

    def stop(self) -> None:
        """Give the system's watches back."""
        if self._fd >= 0:
            self._drain_or_say()
            os.close(self._fd)
            self._fd = -1

    def _drain_or_say(self) -> None:
        try:
            self._drain()
        except OSError as error:
            self._trouble = self._trouble or f"opened files cannot be watched here ({error})"

    def _try_out(self) -> None:
        """Some file systems take a watch and report nothing: list each root, and see whether that is seen."""
        self._drain()
        self._files, self._folders = set(), set()
        roots = {os.path.realpath(root) for root in self.roots}
        for root in roots:
            os.listdir(root)  # noqa: PTH208 -- a plain one
        self._drain()
        if unseen := sorted(roots - self._folders):
            self._trouble = f"opened files cannot be watched in {unseen[0]}"
        self._files, self._folders = set(), set()

    def _take(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, at)
            name = os.fsdecode(data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0"))
            at += _EVENT.size + length
            if mask & _IN_Q_OVERFLOW:
                self._trouble = "too many files were opened to see each"
            elif mask & _IN_OPEN and (folder := self._paths.get(number)):
                if mask & _IN_ISDIR:
                    self._folders.add(os.path.join(folder, name) if name else folder)  # noqa: PTH118 -- texts
                elif name in self._names[folder]:
                    self._files.add(os.path.join(folder, name))  # noqa: PTH118


def _number(answer: int) -> int:
    """The answer of a function of the C library. Raises OSError where it says that it failed."""
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
