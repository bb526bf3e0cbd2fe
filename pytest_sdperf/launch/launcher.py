"""Start a fresh interpreter as a worker with its environment, CPUs, folder and log."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf import process_tree, protocol
from pytest_sdperf.errors import LaunchError
from pytest_sdperf.hardware.cpu_times import idle_first
from pytest_sdperf.launch.guard import guard
from pytest_sdperf.launch.process_group import ProcessGroup
from pytest_sdperf.launch.settings import FindLibrary, ResolvedLaunch, resolve_launch
from pytest_sdperf.launch.temporary import TemporaryFolder
from pytest_sdperf.launch.worker_process import Worker
from pytest_sdperf.variant import Launch

_MODULE = "pytest_sdperf.worker.main"


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
    imported; ``cwd`` (None: the session's own) comes before even that, as for all of ``python -m``. Output
    of the worker and its libraries goes to ``log_path``. Its temporary files go into a folder of its own,
    which is removed with it: torch leaves one behind in each process that is killed. Raises LaunchError when no
    process can be started so, WorkerError when it does not come up.
    """
    if os.name != "posix":
        raise LaunchError("workers need POSIX pipes and process groups", cure="Measure on Linux or macOS.")
    env = dict(resolved.env)
    if extra_sys_path:
        path = [*map(str, extra_sys_path), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(path)
    # Not next to the log: the paths of sockets, which libraries keep there, may have 107 characters.
    given = env.get("TMPDIR")
    started_ns = time.perf_counter_ns()
    with ExitStack() as undo:
        try:
            temporary = TemporaryFolder(Path(given) if given and Path(given).is_dir() else None)
            undo.callback(temporary.remove)
            command_read, command_write = _pipe(undo)
            answer_read, answer_write = _pipe(undo)
        except OSError as error:
            raise _no_room(error) from error
        undo.pop_all()
    env["TMPDIR"] = env[process_tree.VARIABLE] = str(temporary.path)
    try:
        group = _spawn(
            [interpreter, "-m", _MODULE, str(command_read), str(answer_write)],
            env=env,
            cpus=resolved.cpus,
            pass_fds=(command_read, answer_write),
            log_path=log_path,
            cwd=cwd,
            folder=temporary.path,
        )
    except BaseException:
        os.close(command_write)
        os.close(answer_read)
        temporary.remove()
        raise
    finally:
        os.close(command_read)
        os.close(answer_write)
    os.set_blocking(answer_read, False)
    worker = Worker(
        group,
        command_fd=command_write,
        answer_fd=answer_read,
        answer_fd_there=answer_write,
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


def _pipe(undo: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        undo.callback(os.close, end)
    return ends


def _no_room(error: OSError) -> LaunchError:
    """The error for a worker that lacks what the system limits: file descriptors, room for temporary files."""
    if error.errno not in (errno.EMFILE, errno.ENFILE):
        cure = "Make room for temporary files, or set TMPDIR to another folder."
        return LaunchError(f"the worker cannot be started ({error})", cure=cure)
    import resource  # not on Windows

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return LaunchError(
        f"the worker cannot be started: no file descriptor is left for its pipes ({error.strerror}, limit {most})",
        cure="Raise the limit (`ulimit -n 1024`), or close files that the tests leave open.",
    )


@dataclass(frozen=True)
class Launcher:
    """Starts workers on this machine; what all workers of a session share."""

    base_env: Mapping[str, str]
    "the session's environment"
    cpus: tuple[int, ...]
    "for variants that pin: one hardware thread of each physical core, or the affinity where a quota limits"
    find_library: FindLibrary
    extra_sys_path: tuple[str, ...] = ()
    cwd: Path | None = None
    "folder that workers start in, first on their sys.path; None: the session's own"
    interpreter: str = sys.executable
    network: bool = False
    "True only for a worker that downloads a model the user named"
    quota_threads: int = 0
    "threads of every worker that sets no number itself, because a CPU quota feeds no more; 0: nothing limits"

    def __call__(self, settings: Launch, *, log_path: Path, timeout_s: float) -> Worker:
        """Start a worker with these launch settings."""
        resolved = resolve_launch(
            settings,
            base_env=self.base_env,
            cpus=self.cpus,
            find_library=self.find_library,
            network=self.network,
            quota_threads=self.quota_threads,
            idle_first=idle_first,
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
    folder: Path,
) -> ProcessGroup:
    watching = guard()
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
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise _no_room(error) from error
        raise LaunchError(
            f"the worker cannot be started ({error})",
            where=f"{arguments[0]}, CPUs {list(cpus)}" if cpus else arguments[0],
            cure="Check the interpreter, the usable CPUs and the space left for the log.",
        ) from error
    finally:
        if cpus:
            os.sched_setaffinity(0, before)
    watching.watch(process.pid, folder)
    return ProcessGroup(process, folder)
