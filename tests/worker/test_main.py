import faulthandler
import os
import signal
import sys
import threading

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.errors import CaseError
from pytest_sdperf.worker import main as worker


class Bench:
    """Carries out commands as the test says."""

    def __init__(self, do):
        self.carry_out = do


@pytest.fixture
def served():
    """Serve commands in this process: returns the answers, and whether the session's death was noticed."""

    def served(do, *lines, until_exit=True):
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()
        orphaned = threading.Event()
        os.write(command_write, b"".join(lines) + (protocol.encode(protocol.Exit()) if until_exit else b""))
        worker.serve(command_read, answer_write, Bench(do), orphaned=orphaned.set)
        os.close(answer_write)
        os.close(command_write)
        assert orphaned.wait(10)
        with os.fdopen(answer_read, "rb") as answers:
            return [protocol.decode_answer(line) for line in answers]

    return served


def call():
    return protocol.encode(protocol.Call("m:f"))


def raising(error):
    def carry_out(command):
        raise error

    return carry_out


def test_first_line_is_the_version_and_exit_ends(served):
    assert served(None) == [protocol.Ready(protocol.PROTOCOL_VERSION)]


def test_every_command_has_its_answer(served):
    answers = served(lambda command: protocol.Called(command.function), call(), call())
    assert answers[1:] == [protocol.Called("m:f")] * 2


def test_a_long_answer_arrives_whole(served):
    text = "x" * 30_000  # below a pipe's 64 KiB, above what one line of a test would be
    assert served(lambda command: protocol.Called(text), call())[1:] == [protocol.Called(text)]


def test_a_partial_write_goes_on(monkeypatch):
    written = bytearray()

    def write(fd, data):
        written.extend(data[:3])
        return min(3, len(data))

    monkeypatch.setattr(worker.os, "write", write)
    worker._send(0, b"0123456789")
    monkeypatch.undo()
    assert written == b"0123456789"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ValueError("the mast\nbroke"), "ValueError: the mast broke"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (RuntimeError("x" * 1000), "RuntimeError: " + "x" * 500),
    ],
)
def test_what_a_command_raises_is_answered_and_logged(served, capsys, error, what):
    answers = served(raising(error), call(), call())
    assert answers[1:] == [protocol.Failed(what=what, cure="The log ends with the traceback.")] * 2
    assert f"{type(error).__name__}" in capsys.readouterr().err


def test_an_error_of_ours_keeps_its_parts(served, capsys):
    error = CaseError("no such mast", where="harbour", cure="Build one.")
    assert served(raising(error), call())[1:] == [protocol.Failed("no such mast", "Build one.", "harbour")]
    assert "CaseError" in capsys.readouterr().err


def test_a_message_that_is_no_utf_8_is_answered(served):
    error = CaseError("no file caf\udce9", where="caf\udce9", cure="Find caf\udce9.")
    assert served(raising(error), call())[1:] == [protocol.Failed("no file caf?", "Find caf?.", "caf?")]
    what = served(raising(OSError("caf\udce9")), call())[1].what
    assert what == "OSError: caf?"


def test_an_unknown_command_is_answered(served, capsys):
    (_, answer) = served(None, b'{"type":"sail"}\n')
    assert answer.what.startswith('the session said b\'{"type":"sail"}\\n\', which is no message of protocol 7')
    assert "sail" in capsys.readouterr().err


def test_what_json_cannot_hold_is_answered(served, capsys):
    (_, answer) = served(lambda command: protocol.Called(object()), call())
    assert answer.what == "TypeError: Encoding objects of type object is unsupported"
    assert "TypeError" in capsys.readouterr().err


def test_main_serves_its_descriptors_and_logs_crashes(monkeypatch):
    seen = {}
    monkeypatch.setattr(worker, "serve", lambda *fds, orphaned: seen.update(fds=fds[:2], orphaned=orphaned))
    monkeypatch.setattr(faulthandler, "enable", lambda: seen.update(enabled=True))
    monkeypatch.setattr(faulthandler, "register", lambda number, **how: seen.update(number=number, **how))
    monkeypatch.setattr(sys, "stdout", None)  # a stream that is no file is left as it is
    read, write = os.pipe()
    try:
        os.set_inheritable(read, True)
        assert worker.main([str(read), str(write)]) == 0
        assert not os.get_inheritable(read)
    finally:
        os.close(read)
        os.close(write)
    assert seen == {
        "fds": (read, write),
        "orphaned": worker._end_group,
        "enabled": True,
        "number": signal.SIGUSR1,
        "all_threads": True,
        "chain": False,
    }


def test_an_orphan_kills_its_whole_group(monkeypatch):
    killed = []
    monkeypatch.setattr(os, "killpg", lambda *group: killed.append(group))
    with pytest.raises(AssertionError, match="unreachable"):
        worker._end_group()
    assert killed == [(os.getpgrp(), signal.SIGKILL)]
