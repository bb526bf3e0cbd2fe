"""Record what a worker loads, opens, lists and starts, by an audit hook (PEP 578) and by what the system shows.

A hook sees what Python code does, and nothing of what C code opens: the parent watches the files themselves. It cannot
be removed, so it is installed only where somebody wants to know, and it returns at once from all other events.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_sdperf.activity import CONNECTS, STARTS, UNRECORDED, Activity
from pytest_sdperf.packages_below import packages_below
from pytest_sdperf.worker.bytecode import compiled_of, source_of, stale
from pytest_sdperf.worker.environment import loaded_files

_IMPORT_SYSTEM = (
    "importlib._bootstrap_external",
    "_frozen_importlib_external",
    "zipimport",
    "importlib.metadata",
    "importlib_metadata",
)
"""Names of the modules that look into the folders of the import path: for a module, and for what is installed there."""

_STARTS = {
    "subprocess.Popen": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.posix_spawn": 0,
    "os.spawn": 1,
    "os.startfile": 0,
    "pty.spawn": 0,
    "os.fork": None,
    "os.forkpty": None,
}
"""Event -> which of its arguments names the program; None: it has none."""

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")

_MOVES = ("os.rename", "os.link", "os.symlink")
"""After these a file is read under another name."""

_BEFORE = ("sitecustomize", "usercustomize")
"""Modules that every interpreter tries to import before any hook is there."""

_SYSTEM = ("/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/etc", "/bin")
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")
"""Folders of the interpreter, by sysconfig's names."""

_KNOWN_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/full", "/dev/tty")


class Recorder:
    """Records this process from `start` on."""

    def __init__(self) -> None:
        self._begun_s = time.time()
        self._started = False
        self._imports = set(_BEFORE)
        self._opened: set[str] = set()
        self._written: set[str] = set()
        self._listed: set[str] = set()
        self._searched: set[str] = set()
        self._hazards: dict[str, None] = {}
        self._handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._on_open,
            "import": lambda args: self._imports.add(str(args[0])),
            "os.listdir": self._on_list,
            "os.scandir": self._on_list,
            "ctypes.dlopen": self._on_library,
            "sqlite3.connect": lambda args: self._open(args[0]),
            **dict.fromkeys(_MOVES, lambda args: self._open(args[0])),
            **{event: self._on_start(event) for event in _STARTS},
            **dict.fromkeys(_CONNECTS, self._on_connect),
        }

    def start(self, import_path: Sequence[str] = ()) -> None:
        """Install the hook; a second call does nothing.

        ``import_path`` are folders that were put first on the import path; we looked into them, and into those inside.
        """
        if self._started:
            return
        self._started = True
        for folder in import_path:
            self._searched |= {folder, *(entry.path for entry in os.scandir(folder) if entry.is_dir())}
        sys.addaudithook(self._hook)

    def activity(self, folders: Sequence[str], modules: Mapping[str, object]) -> Activity:
        """Everything so far, as far as paths lie in ``folders``; ``modules`` is `sys.modules`."""
        if not self._started:
            return Activity(loaded_files(modules), hazards=[UNRECORDED])
        roots = tuple({f"{place}{os.sep}" for folder in folders for place in (folder, os.path.realpath(folder))})
        bare = tuple(root.rstrip(os.sep) for root in roots)
        # An environment that lies in a folder is no part of it, and has thousands of files.
        installed = _installed_folders()

        def is_inside(path: str) -> bool:
            return (path.startswith(roots) or path in bare) and not path.startswith(installed)

        # Folders that were looked into for an import before the hook was there are among the import system's own.
        # Copies first: reading and compiling below are events, too.
        opened, written, listed, searched = (
            [path for path in sorted(paths) if is_inside(path)]
            for paths in (
                self._opened.copy(),
                self._written - self._opened,
                self._listed.copy(),
                self._searched | {*sys.path_importer_cache},
            )
        )
        imports, everywhere = sorted(self._imports), list(self._opened)
        loaded = loaded_files(modules)
        sources = {source: path for path in opened if (source := source_of(path)) and Path(path).is_file()}
        for file in loaded.values():
            if is_inside(file) and (compiled := compiled_of(file)):
                sources.setdefault(file, compiled)
        for source, compiled in sorted(sources.items()):
            if why := stale(source, compiled):
                self._hazards[why] = None
        code = {file for file in {*loaded.values(), *sources} if is_inside(file)}
        for hazard in [*_changed(code, self._begun_s), *_devices(everywhere), *_descriptors(), *_children()]:
            self._hazards[hazard] = None
        read = sorted({*opened, *sources})
        known = (*roots, *_system_folders())
        outside = [path for path in sorted(everywhere) if not path.startswith(known) and Path(path).is_file()]
        return Activity(loaded, imports, read, written, listed, searched, outside, list(self._hazards))

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        handler = self._handlers.get(event)
        if handler is None:
            return
        try:
            handler(args)
        except Exception as error:  # noqa: BLE001 -- an exception here would end what the pipeline does
            self._hazards[f"recording {event} failed ({type(error).__name__})"] = None

    def _on_open(self, args: tuple[Any, ...]) -> None:
        path, _, flags = args
        if (absolute := _absolute(path)) is not None:
            (self._written if flags & os.O_ACCMODE == os.O_WRONLY else self._opened).add(absolute)

    def _on_list(self, args: tuple[Any, ...]) -> None:
        # Two frames up: the hook, and who called listdir.
        caller = sys._getframe(2)  # noqa: SLF001 -- the documented way
        by_import = caller.f_globals.get("__name__") in _IMPORT_SYSTEM
        if (path := _absolute("." if args[0] is None else args[0])) is not None:
            (self._searched if by_import else self._listed).add(path)

    def _on_library(self, args: tuple[Any, ...]) -> None:
        if args[0] is not None and os.sep in os.fsdecode(args[0]):
            self._open(args[0])

    def _on_connect(self, args: tuple[Any, ...]) -> None:
        self._hazards[f"{CONNECTS}{args[1] if len(args) > 1 else 'a socket'}"] = None

    def _on_start(self, event: str) -> Callable[[tuple[Any, ...]], None]:
        at = _STARTS[event]

        def on_start(args: tuple[Any, ...]) -> None:
            program = "" if at is None or at >= len(args) else f" ({_shown(args[at])})"
            self._hazards[f"{STARTS}{program}"] = None

        return on_start

    def _open(self, path: object) -> None:
        if (absolute := _absolute(path)) is not None:
            self._opened.add(absolute)


def _absolute(path: Any) -> str | None:
    """A path as text; None for a number of an open file, whose opening was an event of its own."""
    if isinstance(path, int):
        return None
    text = os.fsdecode(path)
    if not text.startswith(os.sep):
        text = f"{os.getcwd()}{os.sep}{text}"  # noqa: PTH109 -- at each event
    return os.path.normpath(text)


def _system_folders() -> tuple[str, ...]:
    """Folders of the interpreter, its libraries and the system, known by version, and the one for temporary files.

    Asked for once: sysconfig takes 0.1 ms for each answer, and a process of torch opens 4,000 files.
    """
    folders = (*_SYSTEM, tempfile.gettempdir())
    return (*(f"{folder}{os.sep}" for folder in folders), *_installed_folders())


def _installed_folders() -> tuple[str, ...]:
    """Folders of the interpreter and of what is installed for it, each with a separator at its end.

    An environment that a `.pth` file leads to, as where one package lies over another environment, is among them.
    """
    found = [sysconfig.get_path(name) or "" for name in _INSTALLED]
    found += map(str, packages_below(sys.path))
    return tuple(f"{folder}{os.sep}" for folder in dict.fromkeys(found) if folder)


def _shown(program: Any) -> str:
    return os.fsdecode(program) if isinstance(program, str | bytes | os.PathLike) else type(program).__name__


def _changed(code: Iterable[str], since_s: float) -> list[str]:
    """Source files that were written to since: what was loaded of them is not known."""
    found = []
    for file in sorted(code):
        with suppress(OSError):
            if Path(file).stat().st_mtime > since_s:
                found.append(f"{file} was changed while it ran")
    return found


def _devices(paths: Sequence[str]) -> list[str]:
    """Named pipes, sockets and devices among opened files: somebody else may be at their other end."""
    found = []
    for path in paths:
        with suppress(OSError, ValueError):
            mode = os.stat(path).st_mode  # noqa: PTH116 -- thousands of them
            is_plain = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
            if not is_plain and path not in _KNOWN_DEVICES and not path.startswith("/proc/"):
                found.append(f"it opens {path}, which is not a file")
    return sorted(found)


def _descriptors() -> list[str]:
    """Sockets that are open now, whoever opened them."""
    with suppress(OSError):
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if os.readlink(link).startswith("socket:"):  # noqa: PTH115
                    return ["it has a socket open"]
    return []


def _children() -> list[str]:
    """Whether the process has, or had and waited for, a child, whoever started it."""
    import resource  # not on Windows

    had = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
    with suppress(OSError):
        for thread in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                had = had or bool((thread / "children").read_text().strip())
    return [STARTS] if had else []
