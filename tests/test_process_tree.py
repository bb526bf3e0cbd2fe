"""What a worker started is found by its parents, and by its mark; the guard ends it when the session is gone."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_sdperf import process_tree

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tests look into Linux' processes")

WAITS = "import signal, sys; print(flush=True); signal.pause()"


@pytest.fixture
def start():
    """Start a Python script, and wait for its first line; it is ended with the test."""
    running = []

    def start(script=WAITS, folder=None):
        environ = dict(os.environ) | ({process_tree.VARIABLE: str(folder)} if folder else {})
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", script], env=environ, stdout=subprocess.PIPE, start_new_session=True
        )
        running.append(process)
        process.said = process.stdout.readline()
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def is_gone(pid, seconds=10):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    ended = bool(poller.poll(1000 * seconds))
    os.close(fd)
    return ended


def test_a_start_names_one_process(start):
    process = start()
    assert process_tree.started_at(process.pid).isdecimal()
    process.kill()
    process.wait()
    assert process_tree.started_at(process.pid) == ""


def test_descendants_are_children_and_theirs(start):
    script = "import os, signal\nif not os.fork(): os.fork()\nprint(flush=True)\nsignal.pause()"
    process = start(script)
    while len(process_tree.descendants(process.pid)) < 2:
        pass
    found = process_tree.descendants(process.pid)
    assert len(found) == 2
    process_tree.kill_descendants(process.pid)
    assert process.poll() is None, "the process itself is spared"
    assert all(map(is_gone, found))
    assert process_tree.descendants(2**22 + 1) == []


def test_a_mark_is_the_whole_value_and_not_this_process(start, tmp_path, monkeypatch):
    ours, other = start(folder=tmp_path), start(folder=f"{tmp_path}-2")
    monkeypatch.setenv(process_tree.VARIABLE, str(tmp_path))
    assert process_tree.marked(str(tmp_path)) == [ours.pid]
    process_tree.kill_marked(str(tmp_path))
    assert is_gone(ours.pid)
    assert other.poll() is None


@pytest.fixture
def guard(start):
    """A guard of a session, and the session's end of its pipe."""
    opened = []

    def guard(session):
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", process_tree.__file__, str(session)], stdin=subprocess.PIPE
        )
        opened.append(process)
        return process

    yield guard
    for process in opened:
        process.stdin.close()
        process.kill()
        process.wait()


def line(pid, folder=""):
    return os.fsencode(f"{pid} {process_tree.started_at(pid)} {folder}\0" if folder else f"{pid}\0")


@pytest.mark.parametrize("end", ["the pipe closes", "the session dies and a fork of it holds the pipe"])
def test_the_guard_ends_what_a_dead_session_had(start, guard, tmp_path, end):
    folder = tmp_path / "sdperf-abcd_123"
    folder.mkdir()
    session, worker, finished = start(), start(folder=folder), start()
    watching = guard(session.pid)
    watching.stdin.write(line(worker.pid, folder) + line(finished.pid, tmp_path) + line(finished.pid))
    watching.stdin.flush()
    assert worker.poll() is None
    if end == "the pipe closes":
        watching.stdin.close()
    else:
        session.kill()
        session.wait()
    assert is_gone(worker.pid)
    assert watching.wait(10) == 0
    assert finished.poll() is None, "it was forgotten before"
    assert not folder.exists()
    assert tmp_path.exists()


def test_the_guard_spares_a_number_that_another_process_has_got(start, guard, tmp_path):
    stranger = start()
    watching = guard(os.getpid())
    watching.stdin.write(f"{stranger.pid} 1 {tmp_path}\0".encode())
    watching.stdin.close()
    assert watching.wait(10) == 0
    assert stranger.poll() is None
    assert tmp_path.exists(), "a folder of another name is not removed"


def test_no_signal_ends_the_guard():
    script = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1]); import process_tree\n"
        "process_tree._lines_of = lambda s: [os.kill(os.getpid(), n) for n in (1, 2, 15)] and []\n"
        "process_tree.guard(1); print('spared')"
    )
    folder = str(Path(process_tree.__file__).parent)
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, folder], capture_output=True, text=True, check=True
    )
    assert said.stdout == "spared\n"


def test_orphans_come_to_who_adopts_them(start):
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(process_tree.__file__).parent)!r})
import process_tree
assert process_tree.adopt_orphans()
if not os.fork():
    os.setsid()
    if not os.fork():
        signal.pause()
    os._exit(0)
os.wait()
found = process_tree.descendants(os.getpid())
process_tree.kill_descendants(os.getpid())
print(len(found), flush=True)
"""
    assert start(script).said == b"1\n"


def test_other_systems_adopt_nobody(monkeypatch):
    import ctypes

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not process_tree.adopt_orphans()


def test_without_proc_nothing_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(process_tree, "_PROC", tmp_path / "none")
    assert process_tree.descendants(1) == process_tree.marked("x") == []
    assert process_tree.started_at(1) == ""
    process_tree.kill_marked("x")


class TestInThisProcess:
    """The guard's steps, one by one; that they end processes of a real session is shown above."""

    @pytest.fixture
    def pipe(self):
        """(its reading end, a function that writes into it, one that closes the writing end)."""
        read, write = os.pipe()
        left = [write]
        yield read, lambda text: os.write(write, text), lambda: os.close(left.pop())
        for end in (read, *left):
            os.close(end)

    def test_lines_until_the_pipe_is_closed(self, pipe):
        read, say, close = pipe
        say(b"12 34 /tmp/a b\0")
        say(b"\0" + os.fsencode("56 78 /tmp/\udcff\0") + b"12\0")
        close()
        assert process_tree._lines_of(os.getpid(), read) == ["12 34 /tmp/a b", "56 78 /tmp/\udcff", "12"]

    def test_what_a_dead_session_has_said(self, pipe, start):
        read, say, _ = pipe
        session = start()
        session.kill()
        session.wait()
        say(b"12 34 /tmp/a\0")
        assert process_tree._lines_of(session.pid, read) == ["12 34 /tmp/a"], (
            "the pipe is open, and nobody waits for it"
        )

    def test_systems_that_cannot_watch_a_process_watch_the_pipe(self, pipe, monkeypatch):
        read, say, close = pipe
        monkeypatch.delattr(os, "pidfd_open")
        say(b"12 34 /tmp/a\0")
        close()
        assert process_tree._lines_of(1, read) == ["12 34 /tmp/a"]

    def test_only_workers_that_have_not_ended_are_ended(self, monkeypatch):
        lines = ["12 34 /tmp/a", "56 78 /tmp/b c", "12", "99"]
        ignored, ended = [], []
        monkeypatch.setattr(process_tree, "_lines_of", lambda session: lines)
        monkeypatch.setattr(process_tree.signal, "signal", lambda *args: ignored.append(args))
        monkeypatch.setattr(process_tree, "_end_worker", lambda *args: ended.append(args))
        process_tree.guard(1)
        assert ended == [(56, "78", "/tmp/b c")]
        assert {action for _, action in ignored} == {signal.SIG_IGN}

    def test_a_worker_its_children_and_its_files(self, start, tmp_path):
        folder = tmp_path / "sdperf-abcd_123"
        folder.mkdir()
        script = "import os, signal\nos.fork()\nprint(flush=True)\nsignal.pause()"
        worker = start(script, folder=folder)
        while not (children := process_tree.descendants(worker.pid)):
            pass
        process_tree._end_worker(worker.pid, process_tree.started_at(worker.pid), str(folder))
        assert is_gone(worker.pid)
        assert all(map(is_gone, children))
        assert not folder.exists()

    def test_a_number_that_is_another_process_by_now(self, start, tmp_path):
        stranger, left = start(), start(folder=tmp_path)
        process_tree._end_worker(stranger.pid, "1", str(tmp_path))
        assert is_gone(left.pid), "it bears the worker's mark"
        assert stranger.poll() is None
        assert tmp_path.exists(), "a folder of another name is not removed"

    def test_a_worker_whose_start_is_not_known(self, start, tmp_path):
        worker = start()
        process_tree._end_worker(worker.pid, "", str(tmp_path))
        assert is_gone(worker.pid)

    def test_trees_that_outrun_all_looks_are_left(self, monkeypatch):
        killed = []
        monkeypatch.setattr(process_tree, "marked", lambda folder: [2])
        monkeypatch.setattr(process_tree, "descendants", lambda pid: [3])
        monkeypatch.setattr(process_tree, "_is_ended", lambda pid: False)
        monkeypatch.setattr(process_tree, "_kill", killed.append)
        process_tree.kill_marked("x")
        process_tree.kill_descendants(1)
        assert killed == [2] * 20 + [3] * 20

    def test_adoption_as_the_system_answers(self, monkeypatch):
        import ctypes

        for answer, expected in ((0, True), (-1, False)):
            library = SimpleNamespace(prctl=lambda *args, answer=answer: answer)
            monkeypatch.setattr(ctypes, "CDLL", lambda name, library=library: library)
            assert process_tree.adopt_orphans() is expected
