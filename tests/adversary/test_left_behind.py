"""Sessions and workers that are killed, and what they leave: processes that outlive the run, and its temporary files.

The session is killed while a picture is drawn, by each signal in turn; some pipelines hold the interpreter's lock in C,
so that no thread of the worker can do anything, some start processes that leave the worker's group and session.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tests look into Linux' processes"),
    pytest.mark.usefixtures("real_workers"),
]

PIPELINE = """
import ctypes, os, signal, subprocess, sys, time
import numpy as np

NOTES = os.environ["NOTES"]

def note(pid, name):
    with open(f"{NOTES}/{name}.new", "w") as file:
        file.write(str(pid))
    os.rename(f"{NOTES}/{name}.new", f"{NOTES}/{name}")

def setsid():
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    note(child.pid, "helper")

def daemon():
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        note(os.getpid(), "helper")
        os.execvp("sleep", ["sleep", "300"])
    os.waitpid(child, 0)
    while not os.path.exists(f"{NOTES}/helper"):
        time.sleep(0.01)

def without_environment():
    child = subprocess.Popen(["sleep", "300"], start_new_session=True, env={})
    note(child.pid, "helper")

class Ship:
    def __call__(self, *, latents, **_):
        note(os.getpid(), "worker")
        if "lock" in os.environ["DOES"]:
            ctypes.PyDLL(None).sleep(300)
        if "crash" in os.environ["DOES"]:
            os.kill(os.getpid(), signal.SIGKILL)
        if "wait" in os.environ["DOES"]:
            time.sleep(300)
        return np.full((1, 64, 64, 3), 0.5, np.float32) + np.tanh(latents).mean() * np.linspace(0.1, 1, 64)[:, None, None]

def build(context):
    for name in ("setsid", "daemon", "without_environment"):
        if name in os.environ["DOES"]:
            globals()[name]()
    return Ship()
"""


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def ends(pid, seconds=20):
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def heed_hang_ups():
    """Under nohup, children ignore SIGHUP, too."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Session:
    """A run whose pipeline does what it is asked, with folders for its notes and its temporary files."""

    def __init__(self, project, command, environ, folder):
        self.notes, self.temporary = folder / "notes", folder / "temporary"
        self.notes.mkdir()
        self.temporary.mkdir()
        (project.path / "harbour.py").write_text(PIPELINE)
        project.test("def test_ship(sd_ship): sd_ship.check(num_inference_steps=1)")
        environ |= {"NOTES": str(self.notes), "TMPDIR": str(self.temporary)}
        self._start = lambda does, **more: subprocess.Popen(
            command, cwd=project.path, env={**environ, "DOES": does}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=heed_hang_ups,  # noqa: PLW1509 -- it sets a signal, and no more
            **more,
        )  # fmt: skip

    @contextmanager
    def start(self, does, **more):
        """The running session; one that a failed test leaves is killed, so that nobody waits for it."""
        with self._start(does, **more) as running:
            try:
                yield running
            except BaseException:
                running.kill()
                raise

    def pid(self, name, running):
        """The process that the pipeline noted under a name, as soon as it has."""
        path = self.notes / name
        while not path.exists():
            assert running.poll() is None, "the run ended before"
            time.sleep(0.01)
        return int(path.read_text())

    @property
    def folders(self):
        return [path.name for path in self.temporary.iterdir() if path.name.startswith("sdperf-")]


@pytest.fixture
def session(project, own_process, tmp_path):
    command, environ = own_process("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-gate=proof")
    project.conftest("""
        from pytest_sdperf import Variant

        def pytest_sdperf_variants():
            return [Variant("ship", factory="harbour:build", needs_model=False, reference=None)]
    """)
    made = Session(project, command, environ, tmp_path)
    yield made
    for path in made.notes.iterdir():
        if is_alive(int(path.read_text())):
            os.kill(int(path.read_text()), signal.SIGKILL)


KILLS = {
    "SIGKILL": (signal.SIGKILL,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGHUP": (signal.SIGHUP,),
    "SIGSTOP and SIGKILL": (signal.SIGSTOP, signal.SIGKILL),
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_worker_that_holds_the_lock_in_c_ends_with_its_session(session, kill):
    with session.start("lock") as running:
        worker = session.pid("worker", running)
        for number in KILLS[kill]:
            running.send_signal(number)
        assert running.wait(20) == -KILLS[kill][-1]
    assert ends(worker)


@pytest.mark.parametrize("helper", ["setsid", "daemon", "without_environment"])
@pytest.mark.parametrize("does", ["lock", "wait"])
def test_what_a_worker_started_ends_with_its_session(session, helper, does):
    with session.start(f"{does} {helper}") as running:
        worker, started = session.pid("worker", running), session.pid("helper", running)
        running.kill()
    assert ends(worker)
    assert ends(started)


def test_the_whole_group_is_killed_at_once(session):
    """As CI systems do: the guard is in a session of its own."""
    with session.start("lock daemon") as running:
        worker, started = session.pid("worker", running), session.pid("helper", running)
        os.killpg(running.pid, signal.SIGKILL)
    assert ends(worker)
    assert ends(started)


def test_a_stopped_worker_ends_with_its_session(session):
    with session.start("wait") as running:
        worker = session.pid("worker", running)
        os.kill(worker, signal.SIGSTOP)
        running.kill()
    assert ends(worker)


@pytest.mark.parametrize("helper", ["setsid", "daemon"])
def test_a_worker_that_is_killed_alone_leaves_none_of_its_helpers(session, helper):
    """As the kernel does where memory is short: the test fails, and the helper, whose parent is gone, ends."""
    with session.start(f"crash {helper}") as running:
        started = session.pid("helper", running)
        assert running.wait(60) == pytest.ExitCode.TESTS_FAILED
        assert not is_alive(started)
    assert session.folders == []


def test_a_run_that_ends_by_itself_leaves_none_of_its_helpers(session):
    with session.start("nothing daemon") as running:
        started = session.pid("helper", running)
        assert running.wait(60) == pytest.ExitCode.OK
        assert not is_alive(started)
    assert session.folders == []


def test_temporary_folders_of_a_killed_run_are_gone(session):
    with session.start("lock") as running:
        worker = session.pid("worker", running)
        assert len(session.folders) == 1
        running.kill()
    assert ends(worker)
    deadline = time.monotonic() + 20
    while session.folders and time.monotonic() < deadline:
        time.sleep(0.01)
    assert session.folders == []


def test_temporary_folders_that_nobody_could_remove_go_with_the_next_run(session):
    """Session, worker and guard are killed at once, as where a container ends."""
    with session.start("lock daemon") as running:
        worker, started = session.pid("worker", running), session.pid("helper", running)
        [guard] = [p for p in psutil.Process(running.pid).children() if "process_tree.py" in " ".join(p.cmdline())]
        for pid in (guard.pid, running.pid, worker):
            os.kill(pid, signal.SIGKILL)
    assert ends(worker)
    assert len(session.folders) == 1
    assert is_alive(started)
    with session.start("nothing") as running:
        assert running.wait(60) == pytest.ExitCode.OK
    assert session.folders == []
    assert ends(started)
    assert Path(session.temporary).exists()
