"""Real processes, two pairs of them: their times decide nothing."""

import sys

import psutil
import pytest

from pytest_sdperf.doctor.noise import measure_noise, worker
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.worker.environment import usable_cpus


def test_a_short_measurement():
    seen = []
    times = iter([CpuTimes({cpu: CpuTime(0.0, steal_s) for cpu in usable_cpus()}) for steal_s in (0.0, 1e6)])
    noise = measure_noise(2, 2, report=seen.append, cpu_times=lambda: next(times))
    assert seen == [1, 2]
    assert len(noise.pair_log_ratios) == 2
    assert len(noise.process_medians_s) == 4
    assert min(noise.process_medians_s) > 0
    assert noise.steal > 1  # of the made-up counters
    assert noise.foreign == 0
    assert noise.spent_s > 0


def test_counters_of_other_cpus_do_not_make_a_quiet_machine():
    noise = measure_noise(2, 1, cpu_times=lambda: CpuTimes(hidden_because="it is hidden"))
    assert (noise.steal, noise.foreign, noise.unseen) == (0.0, 0.0, "it is hidden")


def test_a_process_that_does_not_start():
    command = (sys.executable, "-c", "raise SystemExit('no such luck')")
    with pytest.raises(WorkerError, match="noise measurement ended: no such luck"), worker(command):
        pytest.fail("it was taken for ready")


def test_a_process_that_ends_at_work():
    command = (sys.executable, "-c", "print('ready', flush=True); input(); raise SystemExit('enough')")
    with pytest.raises(WorkerError, match="ended: enough. .*--no-noise"), worker(command) as work:
        work()


def test_a_process_that_babbles():
    command = (sys.executable, "-c", "print('ready', flush=True); input(); print('x', flush=True); input()")
    with pytest.raises(WorkerError, match="ended"), worker(command) as work:
        work()


def test_a_process_works_as_often_as_it_is_asked():
    with worker() as work:
        assert work() > 0
        assert work() > 0


def test_the_process_ends_with_the_block(tmp_path):
    """One that does not end when its input does: nobody waits for it."""
    started, ended = tmp_path / "started", tmp_path / "ended"
    script = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "print('ready', flush=True)\n"
        "time.sleep(5)\n"
        f"pathlib.Path({str(ended)!r}).touch()\n"
    )
    with worker((sys.executable, "-c", script)):
        pid = int(started.read_text())
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
    assert not ended.exists(), "it was waited for, not ended"
