"""Start a fresh interpreter as a worker, talk with it, and leave nothing of it behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pytest_sdperf import protocol
from pytest_sdperf.errors import LaunchError, WorkerError
from pytest_sdperf.launch.exit_status import how_it_ended, log_tail
from pytest_sdperf.launch.process_group import ProcessGroup
from pytest_sdperf.launch.settings import FindLibrary, ResolvedLaunch, resolve_launch
from pytest_sdperf.protocol import A
from pytest_sdperf.variant import Launch

if TYPE_CHECKING:
    from typing_extensions import Self

_MODULE = "pytest_sdperf.worker.main"
_EXIT_S = 20.0
"how long a worker may take to end by itself: libraries free gigabytes, servers are told to stop"


class Worker:
    """One worker process. A context manager: at its end the process and all it started are gone."""

    def __init__(
        self,
        group: ProcessGroup,
        *,
        command_fd: int,
        answer_fd: int,
        log_path: Path,
        temporary: Path,
        timeout_s: float,
    ) -> None:
        self._group = group
        self._temporary = temporary
        self._command_fd = command_fd
        self._answer_fd = answer_fd
        self._log_path = log_path
        self._timeout_s = timeout_s
        self._received = b""
        self._doing = ""
        self._open = True
        self.spawn_ns = 0
        "from the start of the process to its first line, ns"

    def ready(self) -> protocol.Ready:
        """Wait for the worker's first line."""
        return self._answer(protocol.Ready, doing="starting")

    def ask(self, command: protocol.Command, expect: type[A]) -> A:
        """Send a command and wait for its answer. Raises as `receive` does."""
        self.send(command)
        return self.receive(expect)

    def send(self, command: protocol.Command) -> None:
        """Send a command; its answer is waited for by `receive`, so that two workers can be busy at once."""
        if not self._open:
            raise self._error(f"the worker is gone, it cannot go on with {command}", "Start another one.")
        self._doing = str(command)
        # A worker that died meanwhile is told better by _answer than by the broken pipe.
        with suppress(BrokenPipeError):
            os.write(self._command_fd, protocol.encode(command))

    def receive(self, expect: type[A]) -> A:
        """Wait for the answer to the last command.

        Raises WorkerError when the worker raised, died, did not answer in time or said something
        else; after all but the first the process is gone.
        """
        return self._answer(expect, doing=self._doing)

    def cpu_ns(self) -> int | None:
        """Time on CPUs of the process and all that it started, ns; None where the system does not say."""
        return self._group.cpu_ns()

    def close(self) -> int:
        """Let the worker end by itself for a while, then kill its whole group; returns its exit code."""
        if self._open:
            self._group.note_descendants()
            with suppress(BrokenPipeError):
                os.write(self._command_fd, protocol.encode(protocol.Exit()))
            self._group.wait(time.monotonic() + _EXIT_S)
        return self.kill()

    def kill(self) -> int:
        """Kill the worker and everything it started; returns its exit code, negative for a signal."""
        code = self._group.kill()
        if self._open:
            self._open = False
            os.close(self._command_fd)
            os.close(self._answer_fd)
            shutil.rmtree(self._temporary, ignore_errors=True)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def _answer(self, expect: type[A], *, doing: str) -> A:
        line = self._line(doing)
        try:
            answer = protocol.decode_answer(line)
        except WorkerError as error:
            self.kill()
            raise self._error(error.what, error.cure) from error
        if isinstance(answer, protocol.Failed):
            raise self._error(answer.what, answer.cure, where=answer.where)
        if not isinstance(answer, expect):
            self.kill()
            raise self._error(
                f"the worker answered {type(answer).__name__} while {doing}",
                "Install the same version of pytest-sdperf in both interpreters.",
            )
        return answer

    def _line(self, doing: str) -> bytes:
        """The next line of the worker, without its newline."""
        deadline = time.monotonic() + self._timeout_s
        while b"\n" not in self._received:
            if not self._group.wait(deadline, fd=self._answer_fd):
                self._group.ask_for_traceback()
                self.kill()
                raise self._error(
                    f"the worker gave no answer within {self._timeout_s:g} s while {doing}, and was killed",
                    "The log ends with the lines it hung in; if it is only slow, raise --sdperf-timeout.",
                )
            # Read before looking at the death: a last answer may still be in the pipe.
            if not self._read_some() and b"\n" not in self._received:
                self._group.wait(time.monotonic() + 1)  # the pipe closes just before the process is dead
                died = self._group.died()
                code = self.kill()
                raise self._error(*how_it_ended(code if died else None, doing))
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _read_some(self) -> bool:
        """Take what is in the pipe. False where nothing more will come."""
        try:
            chunk = os.read(self._answer_fd, 1 << 16)
        except BlockingIOError:
            return not self._group.died()
        self._received += chunk
        return bool(chunk)

    def _error(self, what: str, cure: str, *, where: str = "") -> WorkerError:
        place = f"{where}; log: {self._log_path}" if where else f"log: {self._log_path}"
        return WorkerError(what, where=place, cure=cure, log_tail=log_tail(self._log_path))


def launch(
    resolved: ResolvedLaunch,
    *,
    timeout_s: float,
    log_path: Path,
    interpreter: str = sys.executable,
    extra_sys_path: Sequence[Path | str] = (),
    cwd: Path | None = None,
) -> Worker:
    """Start a worker and wait until it listens.

    ``extra_sys_path`` comes first in its PYTHONPATH, so that factories of the user's project can be
    imported; ``cwd`` (None: the session's own) comes before even that, as for all of ``python -m``. What
    the worker and its libraries print goes to ``log_path``. Its temporary files go into a folder of its own,
    which is removed with it: torch leaves one behind in each process that is killed. Raises LaunchError when no
    process can be started so, WorkerError when it does not come up.
    """
    if os.name != "posix":
        raise LaunchError("workers need POSIX pipes and process groups", cure="Measure on Linux or macOS.")
    env = dict(resolved.env)
    if extra_sys_path:
        path = [*map(str, extra_sys_path), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(path)
    # Not beside the log: the paths of sockets, which libraries keep there, may have 107 characters.
    given = env.get("TMPDIR")
    temporary = Path(tempfile.mkdtemp(prefix="sdperf-", dir=given if given and Path(given).is_dir() else None))
    env["TMPDIR"] = str(temporary)
    started_ns = time.perf_counter_ns()
    command_read, command_write = os.pipe()
    answer_read, answer_write = os.pipe()
    try:
        group = _spawn(
            [interpreter, "-m", _MODULE, str(command_read), str(answer_write)],
            env=env,
            cpus=resolved.cpus,
            pass_fds=(command_read, answer_write),
            log_path=log_path,
            cwd=cwd,
        )
    except BaseException:
        os.close(command_write)
        os.close(answer_read)
        shutil.rmtree(temporary)
        raise
    finally:
        os.close(command_read)
        os.close(answer_write)
    os.set_blocking(answer_read, False)
    worker = Worker(
        group,
        command_fd=command_write,
        answer_fd=answer_read,
        log_path=log_path,
        temporary=temporary,
        timeout_s=timeout_s,
    )
    try:
        protocol.check_version(worker.ready().version, interpreter=interpreter)
    except BaseException:
        worker.kill()
        raise
    worker.spawn_ns = time.perf_counter_ns() - started_ns
    return worker


@dataclass(frozen=True)
class Launcher:
    """Starts workers on this machine; what all workers of a session share."""

    base_env: Mapping[str, str]
    "the session's environment"
    cpus: tuple[int, ...]
    "one hardware thread of each usable physical core, for variants that pin"
    find_library: FindLibrary
    extra_sys_path: tuple[str, ...] = ()
    cwd: Path | None = None
    "folder that workers start in, first on their sys.path; None: the session's own"
    interpreter: str = sys.executable
    network: bool = False
    "True only for a worker that downloads a model the user named"

    def __call__(self, settings: Launch, *, log_path: Path, timeout_s: float) -> Worker:
        """Start a worker with these launch settings."""
        resolved = resolve_launch(
            settings,
            base_env=self.base_env,
            cpus=self.cpus,
            find_library=self.find_library,
            network=self.network,
        )
        return launch(
            resolved,
            timeout_s=timeout_s,
            log_path=log_path,
            interpreter=self.interpreter,
            extra_sys_path=self.extra_sys_path,
            cwd=self.cwd,
        )


def _spawn(
    arguments: list[str],
    *,
    env: Mapping[str, str],
    cpus: Sequence[int],
    pass_fds: Sequence[int],
    log_path: Path,
    cwd: Path | None,
) -> ProcessGroup:
    # The new process inherits the affinity of the thread that starts it, so it holds from the first
    # instruction on; libraries count CPUs while they are loaded.
    before = os.sched_getaffinity(0) if cpus else set()
    try:
        if cpus:
            os.sched_setaffinity(0, cpus)
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                arguments,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds,
                start_new_session=True,
            )
    except OSError as error:
        raise LaunchError(
            f"the worker cannot be started ({error})",
            where=f"{arguments[0]}, CPUs {list(cpus)}" if cpus else arguments[0],
            cure="Check the interpreter, the usable CPUs and the space left for the log.",
        ) from error
    finally:
        if cpus:
            os.sched_setaffinity(0, before)
    return ProcessGroup(process)
