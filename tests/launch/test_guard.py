"""One guard for a process; a session that cannot have one goes on without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sdperf.launch import guard as guarding
from pytest_sdperf.launch.guard import Guard, guard

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no worker starts elsewhere")


def test_there_is_one_for_a_process(monkeypatch):
    assert guard() is guard()
    monkeypatch.setattr(guarding, "_guards", {os.getpid() + 1: guard()})
    mine = guard()
    assert mine is not guarding._guards[os.getpid() + 1], "a fork of the session has one of its own"
    mine.close()


def test_it_ends_with_its_session():
    one = Guard()
    assert one._process.poll() is None
    one.close()
    assert one._process.returncode == 0
    one.close()


def test_a_fork_does_not_end_it(monkeypatch):
    one = Guard()
    monkeypatch.setattr(os, "getpid", lambda: one.owner + 1)
    one.close()
    monkeypatch.undo()
    assert one._process.poll() is None
    one.close()


def test_one_that_was_ended_is_no_error(tmp_path):
    one = Guard()
    one._process.kill()
    one._process.wait()
    one.watch(os.getpid(), tmp_path)
    one.forget(os.getpid())
    one.close()


def test_where_none_can_start_nothing_is_raised(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    one = Guard()
    one.watch(os.getpid(), tmp_path)
    one.close()


def test_an_interpreter_that_exits_ends_its_guard_without_a_word():
    script = "from pytest_sdperf.launch.guard import guard; print(guard()._process.pid, flush=True)"
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stderr == ""
    assert not Path(f"/proc/{said.stdout.strip()}").exists()
