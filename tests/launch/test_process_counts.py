"""Counters of a process and all that it started, of real processes."""

import os
import signal
import subprocess
import sys

import pytest

from pytest_sdperf.launch.process_counts import cpu_ns, cpus, waits

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts so")

SPIN = "import time\nend = time.process_time() + 0.1\nwhile time.process_time() < end: pass\n"


@pytest.fixture
def start():
    """Start a Python script, and wait for its first line; it is ended with the test."""
    running = []

    def start(script):
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", f"{script}\nimport signal\nprint(flush=True)\nsignal.pause()"],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        running.append(process)
        process.stdout.readline()
        return process.pid

    yield start
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("script", [SPIN, f"import os\nif not os.fork():\n  exec({SPIN!r})\n  os._exit(0)\nos.wait()"])
def test_time_is_that_of_a_process_and_of_its_children_that_ended(start, script):
    assert cpu_ns(start(script)) >= 90_000_000


def test_a_process_that_ended_is_not_known(start):
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert cpu_ns(process.pid) is None
    assert waits(process.pid) is None
    assert cpus(process.pid) == frozenset()


IGNORES = "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)"
CHILD_IGNORES = """
import os, signal
ready, says = os.pipe()
if not os.fork():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.write(says, b"x")
    signal.pause()
os.read(ready, 1)
"""


@pytest.mark.parametrize(("script", "forgets"), [("", False), (IGNORES, True), (CHILD_IGNORES, True)])
def test_a_process_that_ignores_its_childrens_ends_forgets_their_time(start, script, forgets):
    found = waits(start(script))
    assert found.ran_ns > 0
    assert found.forgets_children is forgets


def test_cpus_are_those_of_the_affinity(start):
    assert cpus(start("")) == os.sched_getaffinity(0)
