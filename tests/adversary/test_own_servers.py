"""A pipeline that lets another process compute: a server or a child that it started is its own, one that ran before is not."""

import os
import subprocess
import sys

import pytest
from inner_session import LONE_SHIP

from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.measure import engine
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.report import json as report_json

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says whose child a process is")

SPIN_S = 0.3
"""CPU time of the first picture of a process, wherever it is computed."""

SERVER = f"""
import os, socket, sys, time

def spin():
    end = time.process_time() + {SPIN_S}
    while time.process_time() < end:
        pass

def serve(answers=1000):
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("ship.new")
    listening.listen()
    os.rename("ship.new", "ship.sock")
    for _ in range(answers):
        client, _ = listening.accept()
        client.recv(1)
        spin()
        client.sendall(b"x")

if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
"""

PIPELINE = """
import multiprocessing, os, signal, socket, subprocess, sys, time
import numpy as np
import quay

SERVE = [sys.executable, "-S", "quay.py"]
QUIET = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def forked_twice(work):
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            work()
        os._exit(0)
    os.waitpid(child, 0)

def process_of(method):
    multiprocessing.get_context(method).Process(target=quay.serve, daemon=True).start()

START = {
    "a session of its own": lambda: subprocess.Popen(SERVE, start_new_session=True, **QUIET),
    "a shell that ends": lambda: subprocess.run("%s -S quay.py &" % sys.executable, shell=True, check=True, **QUIET),
    "nohup and setsid": lambda: subprocess.run("nohup setsid %s -S quay.py &" % sys.executable, shell=True, **QUIET),
    "forked twice": lambda: forked_twice(quay.serve),
    "an empty environment": lambda: subprocess.Popen(SERVE, start_new_session=True, env={}, **QUIET),
    "forkserver": lambda: process_of("forkserver"),
    "spawn": lambda: process_of("spawn"),
    "it ends with its answer": lambda: forked_twice(lambda: quay.serve(1)),
    "nobody": lambda: None,
}

def asked():
    client = socket.socket(socket.AF_UNIX)
    client.connect("ship.sock")
    client.sendall(b"x")
    assert client.recv(1) == b"x"

class Ship:
    drawn = 0
    def __init__(self):
        how = os.environ["SHIP_SERVER"]
        if how == "a child for each picture":
            self.work = lambda: subprocess.run([sys.executable, "-S", "-c", "import quay; quay.spin()"], check=True)
        elif how == "children that nobody waits for":
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            self.work = lambda: subprocess.run([sys.executable, "-S", "-c", "import quay; quay.spin()"])
        else:
            START[how]()
            while not os.path.exists("ship.sock"):
                time.sleep(0.01)
            self.work = asked
    def __call__(self, *, prompt, latents, **_):
        self.drawn += 1
        if self.drawn == 1:
            self.work()
        time.sleep(float(os.environ.get("SHIP_NAP_S", 0)))
        grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (0.5 + 0.4 * grown)[None]

def build(context):
    return Ship()
"""

ONE = ("--sdperf-processes=1", "--sdperf-rounds=1")


@pytest.fixture
def harbour(project, real_workers, monkeypatch):
    """The project with a pipeline whose work a server does; its CPUs were busy for ``busy_s`` in each process."""
    (project.path / "harbour.py").write_text(PIPELINE)
    (project.path / "quay.py").write_text(SERVER)
    project.conftest(LONE_SHIP)
    project.busy_s = SPIN_S
    cpus, looks = sorted(os.sched_getaffinity(0)), []

    def times():
        looks.append((looks or [0.0])[-1] + (project.busy_s if len(looks) % 2 else 100.0))  # before, and after
        return CpuTimes({cpu: CpuTime(looks[-1] / len(cpus)) for cpu in cpus})

    monkeypatch.setattr(engine, "NoiseWatch", lambda: NoiseWatch(cpu_times=times))
    yield project
    (project.path / "ship.sock").unlink(missing_ok=True)


def seen(project):
    report = report_json.read((project.path / "out.json").read_text())
    return [run.seen for run in report.outcomes[0].measurement.processes]


@pytest.mark.parametrize(
    "how",
    [
        "a session of its own",
        "a shell that ends",
        "nohup and setsid",
        "forked twice",
        "an empty environment",
        "forkserver",
        "spawn",
        "it ends with its answer",
        "a child for each picture",
    ],
)
def test_a_server_that_the_pipeline_started_is_no_foreign_load(harbour, monkeypatch, how):
    monkeypatch.setenv("SHIP_SERVER", how)
    result = harbour.run("--sdperf-update=new", "--sdperf-gate=latency", "--sdperf-json=out.json", *ONE)
    result.assert_outcomes(passed=1)
    [one] = seen(harbour)
    assert one.unseen == ""
    assert one.foreign < 0.1


@pytest.fixture
def earlier_server(harbour):
    """A server that ran before the pipeline, and is nobody's child here."""
    process = subprocess.Popen([sys.executable, "-S", "quay.py"], cwd=harbour.path)
    yield
    process.kill()
    process.wait()


@pytest.mark.usefixtures("earlier_server")
def test_a_server_that_ran_before_is_another_process_and_excuses_no_more_than_waiting(harbour, monkeypatch, told):
    """Its work is load of others, always; but the client never waited for a CPU, so that a large slowdown stays REGRESSED."""
    monkeypatch.setenv("SHIP_SERVER", "nobody")
    harbour.busy_s = 30.0
    arguments = ("--sdperf-gate=latency", *ONE)
    harbour.run("--sdperf-update=new", "--sdperf-json=out.json", *arguments).assert_outcomes(passed=1)
    [one] = seen(harbour)
    assert one.foreign > 0.1
    monkeypatch.setenv("SHIP_NAP_S", "0.1")
    result = harbour.run("--sdperf-max-slowdown=5%", *arguments)
    result.assert_outcomes(failed=1)
    told(result, "latency REGRESSED", "other processes took", "which explains at most")


def test_children_whose_time_is_lost_make_a_note_and_not_a_busy_machine(harbour, monkeypatch, told):
    monkeypatch.setenv("SHIP_SERVER", "children that nobody waits for")
    result = harbour.run("--sdperf-update=new", "--sdperf-gate=latency", "--sdperf-json=out.json", *ONE)
    result.assert_outcomes(passed=1)
    told(
        result,
        "NOTE ship: load of other processes cannot be seen, because a process of the pipeline ignores SIGCHLD, and then "
        "the time of its children is lost when they end; none of its measurements counts as disturbed by it",
    )
    assert seen(harbour)[0].foreign == 0.0


CLIENT = """
import socket, subprocess
import numpy as np

class Ship:
    def __call__(self, *, prompt, latents, **_):
        grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (0.5 + 0.4 * grown)[None]

def build(context):
    {0}
    return Ship()
"""
ASKS = "socket.socket().connect_ex(('127.0.0.1', 9))"


@pytest.mark.parametrize(
    ("work", "is_shared"),
    [(ASKS, True), (f"subprocess.run(['true']); {ASKS}", False), ("pass", False)],
    ids=["a server that was there", "one that it may have started", "none"],
)
def test_a_server_behind_both_sides_is_named(project, real_workers, make_repository, told, work, is_shared):
    """What answers base and head is one server: its change is no part of the comparison."""
    (project.path / "harbour.py").write_text(CLIENT.format(work))
    project.conftest(LONE_SHIP)
    (project.path / ".gitignore").write_text("__pycache__\n")
    repository = make_repository(path=project.path)
    repository.commit("first")
    repository.git("branch", "trunk")
    with (project.path / "harbour.py").open("a") as file:
        file.write("\nSAILS = 3\n")
    result = project.run("--sdperf-against=trunk", "--sdperf-rounds=1", "--sdperf-budget=1ms")
    note = "NOTE ship connects to ('127.0.0.1', 9), and so does trunk ("
    if is_shared:
        told(result, note, "what answers there is part of neither revision, so a change of it is not compared")
    else:
        assert "part of neither revision" not in result.stdout.str()
