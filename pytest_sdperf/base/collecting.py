"""Let pytest collect a tree's variants in a process of its own, with the arguments that hold there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_sdperf.base.declaration import Declaration, decode
from pytest_sdperf.base.left_behind import explained
from pytest_sdperf.base.mapping import Place, counterpart
from pytest_sdperf.base.provenance import stray_code
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.launch.worker_process import log_tail

WITH_TESTS = "--sdperf-with-tests"
"""Argument of that process: tests are reported, too."""

_MODULE = "pytest_sdperf.plugin.declare"

_TIMEOUT_S = 300.0
"of collecting: conftests may import torch from a slow disk"

_OURS = re.compile(r"PYTEST_(CURRENT_TEST|VERSION|XDIST_\w+|ADDOPTS)")
"""Environment variables in which this session's pytest describes itself; what PYTEST_ADDOPTS says is among the
options that are passed on, with its places mapped."""

_REASONS = tuple(
    re.compile(pattern)
    for pattern in (r"E  +(.*\S)", r"(?:.*: )?(?:ERROR|error): (.*\S)", r"INTERNALERROR> (\w.*\S)", r"(.*\S)")
)
"Lines of pytest's output that say what is wrong, the best kind first."

_SETTINGS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"Files that pytest reads its settings from, wherever it looks for the rootdir."

_SETTINGS_FILE = "-c"
_PLACES = ("--rootdir", "--confcutdir", "--ignore", "--ignore-glob")
"Options whose value is a place in the tree."


class CollectingError(Exception):
    """pytest could not collect: why, in its words."""

    def __init__(self, why: str, log_path: Path) -> None:
        super().__init__(why)
        self.log_tail = log_tail(log_path)


def collect(
    paths: Sequence[str],
    folder: Path,
    *,
    options: Sequence[str] = (),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Declaration:
    """The declaration that pytest finds on the way to ``paths``, in this session's interpreter and not under --sdperf.

    ``options`` are the process's own and pytest's; ``cwd`` and ``env`` (None: the session's own) are where it runs.
    ``folder`` takes the answer and the log. Raises CollectingError where pytest cannot collect, ComparisonError for
    an answer that cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out, log_path = folder / "declared.json", folder / "declared.log"
    out.unlink(missing_ok=True)
    try:
        with log_path.open("wb") as log:
            done = subprocess.run(
                [sys.executable, "-m", _MODULE, str(out), *options, "--", *paths],
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                timeout=timeout_s,
            )
    except subprocess.TimeoutExpired:
        raise CollectingError(f"it took longer than {timeout_s:g} s", log_path) from None
    if done.returncode or not out.is_file():
        raise CollectingError(_reason(log_tail(log_path)), log_path)
    return decode(out.read_bytes())


def declared_in(
    place: Place,
    trees: Trees,
    label: str,
    *,
    asked_by: str,
    paths: Sequence[str],
    folder: Path,
    options: Sequence[str] = (),
    tests: bool = False,
    timeout_s: float = _TIMEOUT_S,
) -> Declaration:
    """The variants that the base's own conftests, plugins and entry points declare.

    ``paths`` are those that the command line names, absolute, without test names; what the base lacks of them is
    stood in for by the folder it would lie in. Where there are none, the base's own settings decide, as the head's do.
    ``options`` are pytest's own (`-p`, `-c`, `-o` …), meant for the base. With ``tests`` its test modules are imported,
    too, and its settings and the markers of its tests reported. ``label`` names the base in messages, ``asked_by`` the
    option that named it; ``folder`` takes the answer and the log. Raises ComparisonError where pytest cannot collect
    there, or where the head's code was loaded for it.
    """
    wanted = [str(counterpart(trees, Path(path)) or path) for path in paths]
    cut = [] if "--confcutdir" in options else _conftests_from(place.rootdir, trees.base)
    arguments = [*([WITH_TESTS] if tests else []), *cut, *options]
    try:
        declaration = collect(
            wanted, folder, options=arguments, cwd=place.cwd, env=_environment(place), timeout_s=timeout_s
        )
    except CollectingError as error:
        if re.search(r"(No module named|attribute not found on) '?pytest_sdperf\b", error.log_tail):
            raise ComparisonError(
                f"the pytest-sdperf in the tree of {label} is too old to be measured side by side, or is not there",
                where=asked_by,
                cure="Name a revision that has this version, or install pytest-sdperf outside of the tree.",
                log_tail=error.log_tail,
            ) from error
        cannot = ComparisonError(
            f"the variants that {label} declares cannot be collected: {error}",
            where=f"log: {folder / 'declared.log'}",
            cure="The log ends with what pytest says there; fix the revision or name another one.",
            log_tail=error.log_tail,
        )
        raise explained(cannot, error.log_tail, trees, label=label) from error
    if stray := stray_code(declaration.files, trees, asked_by=asked_by):
        raise stray
    return declaration


def _conftests_from(rootdir: Path, top: Path) -> list[str]:
    """The option that lets a tree without settings load the conftests that it has up to the head's rootdir.

    Where the tree has a settings file, that decides, as it would in a run of that revision.
    """
    above = [folder for folder in (rootdir, *rootdir.parents) if folder.is_relative_to(top)]
    has_settings = any((folder / name).is_file() for folder in above for name in _SETTINGS)
    return [] if has_settings else ["--confcutdir", str(rootdir)]


def passed_on(options: Sequence[tuple[str, ...]], trees: Trees, cwd: Path) -> list[str]:
    """The options of a command line that the base is collected with; a settings file of the tree is the base's own.

    ``options`` are (name) or (name, value), ``cwd`` is where the head's pytest was started. A settings file that the
    base lacks is left out.
    """
    found: list[str] = []
    for option in options:
        name, *values = option
        if name == _SETTINGS_FILE or name in _PLACES:
            place = Path(os.path.normpath(cwd / values[0]))  # links are not resolved, as pytest does not either
            there = counterpart(trees, place) or place
            if name == _SETTINGS_FILE and not there.is_file():
                continue
            values = [str(there)]
        found += [name, *values]
    return found


def paths_of(arguments: Sequence[str], cwd: Path, trees: Trees) -> list[str]:
    """Test paths of a command line, absolute and without the names of tests.

    Without any, pytest begins in ``cwd``; where the base lacks that folder, it is named.
    """
    paths = [os.path.normpath(cwd / argument.partition("::")[0]) for argument in arguments]
    there = counterpart(trees, cwd)
    if not paths and there is not None and not there.is_dir():
        paths = [str(cwd)]
    return list(dict.fromkeys(paths))


def _environment(place: Place) -> Mapping[str, str]:
    path = [*place.sys_path, *filter(None, [place.env.get("PYTHONPATH")])]
    env = {name: value for name, value in place.env.items() if not _OURS.fullmatch(name)}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PY_COLORS": "0"}
    return env | ({"PYTHONPATH": os.pathsep.join(path)} if path else {})


def _reason(log: str) -> str:
    lines = log.splitlines()
    for kind in _REASONS:
        if found := [match[1] for line in lines if (match := kind.match(line))]:
            return found[-1]
    return "pytest printed nothing"
