import os
import stat
import subprocess
import sys

import filelock
import msgspec
import pytest

from pytest_sdperf.errors import LaunchError
from pytest_sdperf.launch import host_lock as module
from pytest_sdperf.launch.host_lock import Holder, current_holder, host_lock, read_holder

HOLD = """
import sys
from pathlib import Path
from pytest_sdperf.launch.host_lock import host_lock
sys.argv = ["pytest", "--sdperf"]
with host_lock(print, folder=Path({folder!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another session that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(folder=str(tmp_path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()


def test_a_free_lock_is_taken_in_silence_and_given_back(tmp_path):
    told = []
    for _ in range(2):
        with host_lock(told.append, folder=tmp_path):
            holder = read_holder(tmp_path / "pytest-sdperf.lock.json")
            assert holder.pid == os.getpid()
            assert holder.command == " ".join(sys.argv)[:200]
            assert holder.started.endswith("+00:00")
            assert stat.S_IMODE((tmp_path / "pytest-sdperf.lock.json").stat().st_mode) == 0o644
        assert read_holder(tmp_path / "pytest-sdperf.lock.json") is None
    assert told == []
    assert [p.name for p in tmp_path.iterdir()] == ["pytest-sdperf.lock"]


def test_every_user_may_lock(tmp_path):
    with host_lock(print, folder=tmp_path):
        assert stat.S_IMODE((tmp_path / "pytest-sdperf.lock").stat().st_mode) == 0o666


def test_who_waits_is_told_for_whom_and_gets_the_lock_after(tmp_path, other):
    told = []

    def tell(line):
        told.append(line)
        other.stdin.close()  # the other session ends when we say that we wait

    with host_lock(tell, folder=tmp_path, poll_s=0.01):
        assert read_holder(tmp_path / "pytest-sdperf.lock.json").pid == os.getpid()
    assert len(told) == 1
    assert told[0].startswith(f"waiting for another sdperf session on this host to end (pid {other.pid}, started 20")
    assert told[0].endswith(f", pytest --sdperf); lock: {tmp_path / 'pytest-sdperf.lock'}")


def test_a_holder_that_said_nothing_is_waited_for_as_well(tmp_path, other):
    (tmp_path / "pytest-sdperf.lock.json").unlink()
    told = []

    def tell(line):
        told.append(line)
        other.kill()  # the kernel gives the lock of a killed session back

    with host_lock(tell, folder=tmp_path, poll_s=0.01):
        pass
    assert told == [f"waiting for another sdperf session on this host to end; lock: {tmp_path / 'pytest-sdperf.lock'}"]


def interrupt(*_):
    raise KeyboardInterrupt


def test_ctrl_c_while_waiting_leaves_the_others_lock_alone(tmp_path, other):
    with pytest.raises(KeyboardInterrupt), host_lock(interrupt, folder=tmp_path):
        pytest.fail("the lock is held")
    assert read_holder(tmp_path / "pytest-sdperf.lock.json").pid == other.pid


def test_ctrl_c_while_holding_gives_the_lock_back(tmp_path):
    with pytest.raises(KeyboardInterrupt), host_lock(print, folder=tmp_path):
        interrupt()
    with filelock.FileLock(tmp_path / "pytest-sdperf.lock", timeout=0):
        pass


def test_a_session_inside_a_session_is_refused(tmp_path):
    with host_lock(print, folder=tmp_path), pytest.raises(LaunchError) as caught, host_lock(print, folder=tmp_path):
        pytest.fail("the lock is held")
    assert str(caught.value) == (
        f"this process holds the host's lock already [{tmp_path / 'pytest-sdperf.lock'}]. "
        "Run the inner session in a process of its own, after this one."
    )


def test_a_lock_that_cannot_be_opened_is_an_error(tmp_path):
    (tmp_path / "pytest-sdperf.lock").mkdir()
    with (
        pytest.raises(LaunchError, match="the host's lock cannot be taken") as caught,
        host_lock(print, folder=tmp_path),
    ):
        pytest.fail("the lock is a folder")
    assert caught.value.cure == "Make that file writable for all who measure on this host."


def test_a_holder_that_cannot_be_named_still_holds(tmp_path):
    (tmp_path / "pytest-sdperf.lock.json").mkdir()
    other = filelock.FileLock(tmp_path / "pytest-sdperf.lock")
    with host_lock(print, folder=tmp_path):
        assert read_holder(tmp_path / "pytest-sdperf.lock.json") is None
        with pytest.raises(filelock.Timeout):
            other.acquire(timeout=0)
    with other.acquire(timeout=0):
        assert other.is_locked


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"\xff", b'{"pid":"x","started":"","command":""}', b'{"pid":-5,"started":"","command":""}'],
)
def test_what_nobody_alive_said_is_not_believed(tmp_path, said):
    path = tmp_path / "holder.json"
    path.write_bytes(said)
    assert read_holder(path) is None


def test_a_dead_holder_is_not_named(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    path = tmp_path / "holder.json"
    path.write_bytes(msgspec.json.encode(Holder(process.pid, "2026", "pytest")))
    assert read_holder(path) is None
    assert read_holder(tmp_path / "none") is None


def test_arguments_that_are_no_utf_8_keep_nobody_from_measuring(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pytest", "caf\udce9"])
    with host_lock(lambda line: None, folder=tmp_path):
        assert current_holder(folder=tmp_path).command == "pytest caf?"


def test_control_characters_of_a_command_are_not_printed():
    assert str(Holder(7, "2026", "pytest \x1b[31m\n")) == "pid 7, started 2026, pytest ?[31m?"


@pytest.mark.parametrize("writable", [True, False])
def test_the_folder_is_the_hosts_own_where_it_can_be(monkeypatch, writable, tmp_path):
    monkeypatch.setattr(module.os, "access", lambda *_: writable)
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = module._shared_folder()
    monkeypatch.undo()
    assert str(folder) == ("/tmp" if writable else str(tmp_path))
