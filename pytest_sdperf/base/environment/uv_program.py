"""Find uv and run it: with the user's own settings of indexes, in a process group that ends with us."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_sdperf.errors import ComparisonError

_TIMEOUT_S = 3600.0
"""A download of torch with its CUDA packages takes minutes on a slow line."""

_MESSAGE_LENGTH = 600

_LEFT_OUT = re.compile(
    # They belong to the environment that runs this session, or to a hook of git that may be running us.
    r"VIRTUAL_ENV|CONDA_PREFIX|PYTHONHOME|PYTHONPATH|PYTHONPLATLIBDIR|__PYVENV_LAUNCHER__|GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)"
    # They would send uv to another project or environment than the one that we name, or contradict our arguments.
    r"|UV_(PROJECT|PROJECT_ENVIRONMENT|WORKING_DIR(ECTORY)?|PYTHON|SYSTEM_PYTHON|LOCKED|FROZEN|NO_SYNC|NO_PROJECT|ISOLATED)"
)
_OURS = {
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_PROGRESS": "1",
    "NO_COLOR": "1",
    "UV_NO_ENV_FILE": "1",
    # 33 s once for torch and diffusers on two cores. Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each
    # process would compile them again: 17.6 s to import them in place of 7.4 s.
    "UV_COMPILE_BYTECODE": "1",
}

# uv's own words for what the network did.
_NETWORK = re.compile(r"Failed to (fetch|download)|error sending request|dns error|Request failed|timed? ?out|tunnel")
_CROSS = "\N{MULTIPLICATION SIGN}"
_SECRET = re.compile(r"(\w+://)[^/\s@]+@")


class UvError(Exception):
    """uv has failed: why, in its words; ``log_tail`` is all that it printed."""

    def __init__(self, why: str, log_tail: str) -> None:
        super().__init__(why)
        self.log_tail = log_tail

    @property
    def is_network(self) -> bool:
        """Whether something could not be downloaded."""
        return bool(_NETWORK.search(self.log_tail))


def find_uv(environ: Mapping[str, str], where: str) -> Path:
    """The uv that the package of that name brings, or the one on PATH. Raises ComparisonError where there is none."""
    with suppress(ImportError, FileNotFoundError):
        import uv

        return Path(uv.find_uv_bin())
    if found := shutil.which("uv", path=environ.get("PATH")):
        return Path(found)
    raise ComparisonError(
        "uv, which makes the base's environment, is neither installed here nor on PATH",
        where=where,
        cure='Install it: pip install "pytest-sdperf[base-env]", or measure both in this environment with '
        "--sdperf-base-env=same.",
    )


def run_uv(
    uv: Path, arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], settings: Mapping[str, str]
) -> str:
    """Run one command of uv; returns what it printed. ``settings`` are variables for this command.

    Raises UvError where it fails. Whatever ends us by an exception ends uv and its children first.
    """
    env = {name: value for name, value in environ.items() if not _LEFT_OUT.fullmatch(name)}
    process = subprocess.Popen(
        [str(uv), *arguments],
        cwd=cwd,
        env={**env, **_OURS, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        try:
            printed = _SECRET.sub(r"\1", process.communicate(timeout=_TIMEOUT_S)[0].decode(errors="replace"))
        except subprocess.TimeoutExpired:
            _end(process)
            raise UvError(f"it took longer than {_TIMEOUT_S:g} s", "") from None
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        raise UvError(_reason(printed) or f"exit code {process.returncode}", printed)
    return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(printed: str) -> str:
    """``No solution found when resolving dependencies: Because there is no version of …``, in one line."""
    lines = printed.splitlines()
    # Older ones draw their errors as trees, which begin with a cross.
    begins = [n for n, line in enumerate(lines) if line.startswith("error") or line.lstrip().startswith(_CROSS)]
    text = ""
    for line in lines[begins[0] if begins else -1 :]:
        words, causes = re.subn(rf"^[\s{_CROSS}│├╰─▶]*(error|cause|Caused by): |^\s*[{_CROSS}╰├]\W*", "", line)
        before = f"{text.rstrip(':')}: " if causes else f"{text} "
        text = f"{before if text else ''}{words.strip(' │')}"
    return text if len(text) <= _MESSAGE_LENGTH else f"{text[:_MESSAGE_LENGTH]} …"
