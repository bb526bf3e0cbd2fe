"""Run git: without hooks, without the network, without the variables of a hook that may be running us."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.errors import ComparisonError

# Variables that a hook sets (GIT_DIR, GIT_INDEX_FILE, GIT_PREFIX …) would turn us to another repository. These
# stay: they say whom to trust, which a container's checkout needs.
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT")
_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")

_OURS = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # `git status` would write the user's index
    "GIT_NO_LAZY_FETCH": "1",  # git before 2.44 knows only protocol.allow below
    "GIT_LFS_SKIP_SMUDGE": "1",  # what git-lfs has on disk is checked out, nothing is downloaded
}

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",  # a program of the user's, too
    "protocol.allow=never",  # no transport: a partial clone would fetch what a checkout lacks
    "submodule.recurse=false",
    "gc.auto=0",
    "advice.detachedHead=false",
)

_TIDY_S = 10.0
"how long git may take to remove what it has half done"


class Answer(NamedTuple):
    """How one command of git ended."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def reason(self) -> str:
        """Git's message on what went wrong, in one line."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
        said = (fatal or lines or [f"exit code {self.code}"])[0]
        return said.removeprefix("fatal: ").removeprefix("error: ")


def git(folder: Path, *arguments: str, given: str = "") -> Answer:
    """Run one command of git in ``folder``; it reads ``given``. Raises ComparisonError where there is no git.

    Git runs in a session of its own, so that a Ctrl-C at the terminal reaches it through us only: it
    and its children are then ended before the exception goes on.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        process = subprocess.Popen(
            ["git", *settings, *arguments],  # noqa: S607 -- the git that the user has on PATH
            cwd=folder,
            env=environment(os.environ),
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise ComparisonError(
                f"{folder} is not a folder", where=str(folder), cure="Run pytest in a clone of the project."
            ) from error
        raise ComparisonError(
            "git is not installed, or not on PATH",
            where=str(folder),
            cure="Install git: revisions are checked out with it.",
        ) from error
    with process:
        try:
            out, err = process.communicate(os.fsencode(given) if given else None)
        except BaseException:
            _end(process)
            raise
    return Answer(process.returncode, os.fsdecode(out), os.fsdecode(err))


def git_dir(folder: Path) -> Path:
    """The git directory of a working tree."""
    return Path(git(folder, "rev-parse", "--absolute-git-dir").out.rstrip("\n")).resolve()


def git_in(repository: Path, *arguments: str) -> Answer:
    """Run one command of git in a git directory, of which no working tree needs to be there.

    That of a submodule names its working tree, which may be gone: git then refuses everything.
    """
    return git(repository, "--git-dir=.", "--work-tree=.", *arguments)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and its children, whose last sign is that the pipes close. Asked nicely it removes what is half done."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=_TIDY_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment git gets."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | _OURS
