"""The worker process: obeys commands from one pipe, answers on another, prints into its log."""

from __future__ import annotations

import faulthandler
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import NoReturn

from pytest_sdperf import process_tree
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.protocol import OTHER_LOCALE, PROTOCOL_VERSION, Exit, Failed, Ready, decode_command, encode
from pytest_sdperf.worker.recorder import Recorder
from pytest_sdperf.worker.workbench import Workbench

_MESSAGE_LENGTH = 500
"characters of a foreign exception's message that go into the sentence; the log has all of it"


def main(argv: list[str]) -> int:
    """Serve the session at the other end of the two file descriptors in ``argv``; 0 when it said Exit."""
    command_fd, answer_fd = (int(argument) for argument in argv)
    for fd in (command_fd, answer_fd):
        os.set_inheritable(fd, False)  # not for the processes that a pipeline may start
    process_tree.adopt_orphans()  # a pipeline's daemons are its own
    # A crash in a native library leaves the Python lines it was called from in the log, and the
    # session asks a hanging worker for the same by a signal.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True, chain=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # what was printed survives a kill
    serve(command_fd, answer_fd, Workbench(recorder=Recorder()), orphaned=_end_group)
    return 0


def serve(command_fd: int, answer_fd: int, workbench: Workbench, *, orphaned: Callable[[], object]) -> None:
    """Answer every command until Exit.

    A thread of its own reads the pipe, so that ``orphaned`` is called as soon as the session dies
    and its end closes, even amid a long computation. It sleeps in the kernel meanwhile and takes no
    time from what is measured.
    """
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        with open(command_fd, "rb") as pipe:
            for line in pipe:
                lines.put(line)
        orphaned()

    threading.Thread(target=read, name="sdperf-commands", daemon=True).start()
    _send(answer_fd, encode(Ready(PROTOCOL_VERSION)))
    while (answer := _answer(lines.get(), workbench)) is not None:
        _send(answer_fd, answer)


def _answer(line: bytes, workbench: Workbench) -> bytes | None:
    """The answer to one line, None to Exit. An error that a command raises becomes an answer, too."""
    try:
        command = decode_command(line)
        return None if isinstance(command, Exit) else encode(workbench.carry_out(command))
    except SdperfError as error:
        traceback.print_exc()
        return encode(Failed(what=_utf8(error.what), cure=_utf8(error.cure), where=_utf8(error.where)))
    except BaseException as error:  # noqa: BLE001 -- a factory that exits ends its command, not the worker
        traceback.print_exc()
        message = " ".join(str(error).split())[:_MESSAGE_LENGTH]
        what = f"{type(error).__name__}: {message}" if message else type(error).__name__
        encoding = sys.getfilesystemencoding()
        if isinstance(error, UnicodeError) and encoding != "utf-8":
            return encode(Failed(what=f"{_utf8(what)} (the locale's encoding is {encoding})", cure=OTHER_LOCALE))
        return encode(Failed(what=_utf8(what), cure="The log ends with the traceback."))


def _utf8(text: str) -> str:
    """Without the surrogates of names that are no UTF-8, which JSON cannot hold."""
    return text.encode(errors="replace").decode()


def _send(fd: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(fd, left) :]


def _end_group() -> NoReturn:
    process_tree.kill_descendants(os.getpid())
    os.killpg(os.getpgrp(), signal.SIGKILL)
    raise AssertionError("unreachable: this process is in the group")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
