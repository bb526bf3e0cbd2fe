"""The parent's end of one worker: commands and answers, its death in words, and nothing left of it at the end."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pytest_sdperf import protocol
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.launch.process_group import ProcessGroup
from pytest_sdperf.launch.temporary import TemporaryFolder
from pytest_sdperf.protocol import A

if TYPE_CHECKING:
    from typing_extensions import Self

_EXIT_S = 20.0
"how long a worker may take to end by itself: libraries free gigabytes, servers are stopped"

_TAIL_LINES = 30
_TAIL_BYTES = 64 * 1024

_SIGNAL_CURES = {
    "SIGKILL": "Out of memory? Look into the kernel's log, use a smaller size or a machine with more memory",
    "SIGSEGV": "A native library crashed; the log ends with the Python line it was called from",
    "SIGABRT": "A native library gave up; the log ends with its reason and the Python line it was called from",
    "SIGILL": "A library uses instructions that this processor does not have",
}


class Worker:
    """One worker process. A context manager: at its end the process and all it started are gone."""

    def __init__(
        self,
        group: ProcessGroup,
        *,
        command_fd: int,
        answer_fd: int,
        answer_fd_there: int,
        log_path: Path,
        temporary: TemporaryFolder,
        timeout_s: float,
    ) -> None:
        self._group = group
        self._temporary = temporary
        self._command_fd = command_fd
        self._answer_fd = answer_fd
        self._answer_fd_there = answer_fd_there
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
        # A worker that died meanwhile is reported better by _answer than by the broken pipe.
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

    def waits(self) -> Waits | None:
        """How long their threads waited for a CPU; None where that is not said."""
        return self._group.waits()

    def cpus(self) -> frozenset[int]:
        """CPUs that their threads may run on; empty where the system does not say."""
        return self._group.cpus()

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
            self._temporary.remove()
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
            if expect is not protocol.Ready:  # it has said its version: the line is not of another one
                excerpt = line[:80] + b"..." if len(line) > 80 else line
                raise self._error(
                    f"something in the worker wrote {excerpt!r} to file descriptor {self._answer_fd_there}, the pipe "
                    f"of its answers, while {doing}",
                    "Let the variant's code write only to files that it has opened itself, or to stdout and stderr.",
                ) from error
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


def how_it_ended(code: int | None, doing: str) -> tuple[str, str]:
    """How a worker ended, and what to do about it."""
    if code is None:
        return f"the worker closed its pipe while {doing}", "The variant's code must leave open files of others alone."
    if code >= 0:
        return (
            f"the worker ended with exit code {code} while {doing}",
            "The log ends with the reason; a factory must return or raise, not exit.",
        )
    try:
        name = signal.Signals(-code).name
    except ValueError:  # real-time signals have no name
        name = "unnamed"
    cure = _SIGNAL_CURES.get(name, "Something outside of pytest-sdperf ended it; the log ends with its last words")
    return f"the worker was killed by signal {-code} ({name}) while {doing}", f"{cure}."


def log_tail(path: Path, *, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log, safe to print: control characters escaped, progress bars at their last state."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode(errors="backslashreplace")
    except OSError:
        return ""
    shown = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.rstrip().split("\n")[-lines:]]
    return "\n".join("".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line) for line in shown)
