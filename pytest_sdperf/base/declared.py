"""Ask a process in the base's tree for the variants as the base declares them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_sdperf.base.checkout.git import WHERE
from pytest_sdperf.base.declaration import Declaration, decode
from pytest_sdperf.base.mapping import Place
from pytest_sdperf.base.provenance import stray_code
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.launch.worker_process import log_tail

WITH_TESTS = "--sdperf-with-tests"
"""Argument of that process: tests are told, too."""

_MODULE = "pytest_sdperf.plugin.declare"

_TIMEOUT_S = 300.0
"of collecting: conftests may import torch from a slow disk"

_OURS = re.compile(r"PYTEST_(CURRENT_TEST|VERSION|XDIST_\w+)")
"What this session's pytest says of itself in the environment."

_TELLING = tuple(
    re.compile(pattern)
    for pattern in (r"E  +(.*\S)", r"(?:.*: )?(?:ERROR|error): (.*\S)", r"INTERNALERROR> (\w.*\S)", r"(.*\S)")
)
"Lines of pytest's output that say what is wrong, the best kind first."


def declared_in(
    place: Place,
    trees: Trees,
    label: str,
    *,
    paths: Sequence[str],
    folder: Path,
    options: Sequence[str] = (),
    tests: bool = False,
    timeout_s: float = _TIMEOUT_S,
) -> Declaration:
    """The variants that the base's own conftests, plugins and entry points declare.

    ``paths`` are those that pytest collects in the head, absolute, without test names; what the base lacks of
    them is stood in for by the folder it would lie in. ``options`` are pytest's own (`-p`, `-c`, `-o` …), meant
    for the base. With ``tests`` its test modules are imported, too, and its ini keys and the markers of its tests
    told. ``label`` names the base in messages; ``folder`` takes the answer and the log. Runs in this
    session's interpreter, not under --sdperf. Raises ComparisonError where pytest cannot collect there, or where the
    head's code was loaded for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out, log_path = folder / "declared.json", folder / "declared.log"
    out.unlink(missing_ok=True)
    wanted = [str(trees.in_base(path) or path) for path in paths]
    arguments = [str(out), *([WITH_TESTS] if tests else []), f"--rootdir={place.rootdir}", *options, "--", *wanted]
    try:
        with log_path.open("wb") as log:
            done = subprocess.run(
                [sys.executable, "-m", _MODULE, *arguments],
                cwd=place.cwd,
                env=_environment(place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                timeout=timeout_s,
            )
    except subprocess.TimeoutExpired:
        raise _cannot(label, f"it took longer than {timeout_s:g} s", log_path) from None
    if done.returncode or not out.is_file():
        raise _failed(label, log_path)
    declaration = decode(out.read_bytes())
    if stray := stray_code(declaration.files, trees):
        raise stray
    return declaration


def _environment(place: Place) -> Mapping[str, str]:
    path = [*place.sys_path, *filter(None, [place.env.get("PYTHONPATH")])]
    env = {name: value for name, value in place.env.items() if not _OURS.fullmatch(name)}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PY_COLORS": "0"}
    return env | ({"PYTHONPATH": os.pathsep.join(path)} if path else {})


def _failed(label: str, log_path: Path) -> ComparisonError:
    tail = log_tail(log_path)
    lines = tail.splitlines()
    if re.search(r"No module named '?pytest_sdperf\b", tail):
        return ComparisonError(
            f"the pytest-sdperf in the tree of {label} is too old to be measured side by side, or is not there",
            where=WHERE,
            cure="Name a revision that has this version, or install pytest-sdperf outside of the tree.",
            log_tail=tail,
        )
    for kind in _TELLING:
        if found := [match[1] for line in lines if (match := kind.match(line))]:
            return _cannot(label, found[-1], log_path)
    return _cannot(label, "pytest said nothing", log_path)


def _cannot(label: str, why: str, log_path: Path) -> ComparisonError:
    return ComparisonError(
        f"the variants that {label} declares cannot be collected: {why}",
        where=f"log: {log_path}",
        cure="The log ends with what pytest says there; mend the revision or name another one.",
        log_tail=log_tail(log_path),
    )
