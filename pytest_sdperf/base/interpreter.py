"""The interpreter of the base: whether it can run our workers, and how it finds our package."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_sdperf
from pytest_sdperf.errors import ComparisonError

WHERE = "--sdperf-against-python"

NEEDED = ("msgspec", "numpy")
"""Packages that a worker imports besides the standard library and the variant's own libraries."""

OLDEST = (3, 10)

_MARK = "sdperf-interpreter "
_TIMEOUT_S = 120.0
"of the look at an interpreter: a first import of numpy from a slow disk takes seconds"

# Read by any Python from 2.7 on, so that an old one can say how old it is.
_LOOK = """
import json, sys
seen = {"version": list(sys.version_info[:3])}
if sys.version_info >= (3, 10):
    import site, sysconfig
    paths = sysconfig.get_paths()
    seen["prefix"] = sys.prefix
    seen["libraries"] = [paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")]
    seen["libraries"] += site.getsitepackages() + [site.getusersitepackages()]
    seen["missing"] = {}
    for name in sys.argv[2:]:
        try:
            __import__(name)
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError) and error.name == name
            seen["missing"][name] = "" if missing else "%s: %s" % (type(error).__name__, error)
print("\\n" + sys.argv[1] + json.dumps(seen))
"""

# They belong to the interpreter that runs this session.
_OURS = ("PYTHONHOME", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run workers."""

    path: Path
    "as it is called: the link of a virtual environment is not resolved, or it would be another one"
    version: str
    "`3.12.1`"
    prefix: Path
    libraries: tuple[Path, ...]
    "standard library and site-packages, the user's included"
    lacks: tuple[str, ...] = ()
    "those of NEEDED that it has not"
    name: str = ""
    "for people, in place of its path"

    @property
    def own(self) -> tuple[Path, ...]:
        """All folders that are the interpreter's and not the project's."""
        return (self.prefix, *self.libraries)

    @property
    def label(self) -> str:
        """For people: ``/srv/next/bin/python (3.12.1)``."""
        return self.name or f"{self.path} ({self.version})"


def this_interpreter() -> Interpreter:
    """The one that runs this session."""
    import site
    import sysconfig

    paths = sysconfig.get_paths()
    libraries = [paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries += [*site.getsitepackages(), site.getusersitepackages()]
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(Path(sys.executable), version, Path(sys.prefix), tuple(map(Path, libraries)))


def other_interpreter(value: str, rootdir: Path, environ: Mapping[str, str]) -> Interpreter:
    """The interpreter that --sdperf-against-python names: a path (relative to ``rootdir``) or a command on PATH.

    It is started once. Raises ComparisonError where it is missing, no Python, too old, lacks what a worker imports,
    or is the interpreter that runs this session.
    """
    where = f"{WHERE}={value}"
    path = _find(value, rootdir, environ, where)
    found = interpreter_at(path, environ, where)
    version, missing = found.version, found.lacks
    if missing:
        raise ComparisonError(
            f"{path} (Python {version}) lacks {' and '.join(missing)}, which workers need",
            where=where,
            cure=f"Install there: {path} -m pip install {' '.join(missing)}.",
        )
    if found.prefix.resolve() == Path(sys.prefix).resolve():
        raise ComparisonError(
            f"{path} is of the environment that runs this session ({sys.prefix}): base and head would be the same",
            where=where,
            cure="Name the python of another environment, or write --sdperf-against=self for a control.",
        )
    return found


def interpreter_at(path: Path, environ: Mapping[str, str], where: str) -> Interpreter:
    """What the interpreter says of itself, started once; ``where`` is the option that led to it.

    Raises ComparisonError where it is no Python, too old, or has something that workers need and cannot be imported.
    """
    seen = _look(path, environ, where)
    version = ".".join(map(str, seen["version"]))
    if tuple(seen["version"]) < OLDEST:
        raise ComparisonError(
            f"{path} is Python {version}", where=where, cure="Name one of 3.10 or newer: workers need that."
        )
    missing: dict[str, str] = seen["missing"]
    if broken := {name: why for name, why in missing.items() if why}:
        name, why = next(iter(broken.items()))
        raise ComparisonError(
            f"{path} (Python {version}) cannot import {name} ({why})",
            where=where,
            cure=f"Fix it there, and look whether PYTHONPATH leads to packages of another Python: {path} -m pip "
            f"install --force-reinstall {name}.",
        )
    return Interpreter(path, version, Path(seen["prefix"]), tuple(map(Path, seen["libraries"])), tuple(missing))


def foreign_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for another interpreter: less the variables that belong to this one."""
    return {name: value for name, value in environ.items() if name not in _OURS}


def foreign_path(folders: Sequence[str], interpreter: Interpreter) -> tuple[str, ...]:
    """An import path for another interpreter: less the library folders of the one it was made for."""
    own = [library.resolve() for library in interpreter.libraries]
    return tuple(f for f in folders if not any(Path(f).resolve().is_relative_to(library) for library in own))


def folder_with_our_package(folder: Path, lent: Sequence[str] = ()) -> Path:
    """Make ``folder`` one to put on an import path: pytest_sdperf is found there and nothing else of ours.

    ``lent`` are packages of this environment that another one of the same Python lacks, found there, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = [Path(pytest_sdperf.__file__).resolve().parent]
    for name in lent:
        package = Path(str(importlib.import_module(name).__file__)).parent
        found += [package, *package.parent.glob(f"{name}-*.dist-info")]
    for place in found:
        link = folder / place.name
        if not link.is_symlink():
            link.symlink_to(place, target_is_directory=True)
    return folder


def _find(value: str, rootdir: Path, environ: Mapping[str, str], where: str) -> Path:
    path = Path(rootdir, Path(value).expanduser())
    if os.sep not in value and not path.exists() and (found := shutil.which(value, path=environ.get("PATH"))):
        return Path(found)
    if path.is_dir():
        inside = path / "bin" / "python"
        name = f"Name {inside}." if inside.exists() else "Name the python in it."
        raise ComparisonError(f"{path} is a folder", where=where, cure=name)
    if not path.is_file():
        raise ComparisonError(
            f"there is no interpreter {path}", where=where, cure="Name the python of another environment."
        )
    if not os.access(path, os.X_OK):
        raise ComparisonError(
            f"{path} is not executable", where=where, cure="Name an interpreter, or give it permission."
        )
    return path


def _look(path: Path, environ: Mapping[str, str], where: str) -> dict[str, Any]:
    """Facts that the interpreter states about itself."""
    cure = "Name the python of another environment."
    try:
        done = subprocess.run(
            [str(path), "-c", _LOOK, _MARK, *NEEDED],
            env=foreign_environment(environ),
            cwd=path.anchor,  # `-c` imports from the current folder, too
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise ComparisonError(f"{path} did not answer within {_TIMEOUT_S:g} s", where=where, cure=cure) from None
    except OSError as error:
        raise ComparisonError(f"{path} cannot be run: {error.strerror}", where=where, cure=cure) from error
    lines = done.stdout.decode(errors="replace").splitlines()
    answers = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    if done.returncode or not answers:
        said = (done.stderr or done.stdout).decode(errors="backslashreplace").strip().splitlines()
        last = f": {said[-1].strip()[:200]}" if said else ""
        raise ComparisonError(
            f"{path} is not a working Python (exit code {done.returncode}){last}", where=where, cure=cure
        )
    seen: dict[str, Any] = json.loads(answers[-1])
    return seen
