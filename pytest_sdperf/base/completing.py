"""Bring into the base's tree what git does not hold: files carried from the head's, and what a command makes there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.git_ignored import ignored
from pytest_sdperf.base.left_behind import CARRY, RUN
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.launch.worker_process import log_tail
from pytest_sdperf.wording import listed

_SHOWN = 3


@dataclass(frozen=True)
class Completion:
    """What the base's tree gets besides its revision."""

    carry: Sequence[str] = ()
    "patterns of files that git ignores, relative to the repository's top folder; a folder stands for all in it"
    run: str | None = None
    "a shell command, run in the top folder of the base's tree"
    timeout_s: float = 600.0
    "of the command"


NOTHING_MORE = Completion()


def complete(completion: Completion, trees: Trees, *, env: Mapping[str, str], log_path: Path, label: str) -> None:
    """Carry files, then run the command with ``env``; its output goes to ``log_path``. ``label`` names the base.

    Raises ComparisonError for a pattern that carries nothing, for a file that git does not ignore or that leads out of
    the tree, and for a command that fails, takes too long, or changes files of the revision.
    """
    for pattern in completion.carry:
        _carry(pattern, trees, label)
    if completion.run:
        _run(completion, trees, env, log_path, label)


def _carry(pattern: str, trees: Trees, label: str) -> None:
    head, base = Path(os.path.realpath(trees.head)), Path(os.path.realpath(trees.base))
    where = f"{CARRY}={pattern}"
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ComparisonError(
            f"{pattern!r} leads out of the repository", where=CARRY, cure="Name files relative to its top folder."
        )
    found = [path for match in head.glob(pattern) for path in (match.rglob("*") if match.is_dir() else [match])]
    files = sorted({str(path.relative_to(head)) for path in found if path.is_file() and ".git" not in path.parts})
    if not files:
        raise ComparisonError(
            f"{pattern!r} matches no file of the working tree {head}",
            where=where,
            cure="Correct it, or build the file first: patterns are relative to the repository's top folder.",
        )
    carried = ignored(str(head), files)
    if not carried:
        raise ComparisonError(
            f"git does not ignore {listed(files, _SHOWN)}: that is part of what is compared, and is not carried",
            where=where,
            cure="Name files that git ignores; a file that both revisions need belongs into a commit.",
        )
    for name in sorted(carried):
        source, target = head / name, base / name
        place = Path(os.path.realpath(target.parent))
        if not Path(os.path.realpath(source)).is_relative_to(head) or not place.is_relative_to(base):
            raise ComparisonError(
                f"{name} is a link that leads out of the tree, and is not carried into that of {label}",
                where=where,
                cure="Name its target by an absolute path in the code, or copy the file into the tree.",
            )
        if not os.path.lexists(target):  # what the revision has is the revision's
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def _run(completion: Completion, trees: Trees, env: Mapping[str, str], log_path: Path, label: str) -> None:
    command, where = str(completion.run), f"log: {log_path}"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    # `python` and what is installed next to it are those of this session.
    path = os.pathsep.join([str(Path(sys.executable).parent), *filter(None, [env.get("PATH")])])
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=trees.base,
            env={**env, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            code = process.wait(completion.timeout_s)
        except subprocess.TimeoutExpired:
            raise ComparisonError(
                f"{RUN} took longer than {completion.timeout_s:g} s in the tree of {label}: {command}",
                where=where,
                cure="Let it do less, or raise --sdperf-timeout.",
                log_tail=log_tail(log_path),
            ) from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # also what it has left behind
            process.wait()
    if code:
        tail = log_tail(log_path)
        last = f": {tail.splitlines()[-1].strip()}" if tail.strip() else ""
        raise ComparisonError(
            f"{RUN} ended with exit code {code} in the tree of {label}{last}",
            where=where,
            cure=f"Try it in a checkout of that revision: {command}",
            log_tail=tail,
        )
    status = git(Path(trees.base), "status", "--porcelain", "--untracked-files=no", "-z")
    if changed := [entry[3:] for entry in status.out.split("\0") if entry]:
        raise ComparisonError(
            f"{RUN} changed files of {label}: {listed(changed, _SHOWN)}; what would run is not the revision",
            where=f"{RUN}={command}",
            cure="Let it write only what git ignores, or restore the rest: git checkout -- FILE at its end.",
        )
