import errno
import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import LaunchError, WorkerError
from pytest_sdperf.launch import launcher, process_group
from pytest_sdperf.launch.guard import guard
from pytest_sdperf.launch.launcher import Launcher, launch
from pytest_sdperf.launch.settings import ResolvedLaunch
from pytest_sdperf.variant import Launch

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tests look into Linux' processes")

pidfd_open = getattr(os, "pidfd_open", None)  # some tests take it away from the code under test

BOTH_WAYS = pytest.mark.usefixtures("both_ways")


@pytest.fixture(autouse=True)
def guarded():
    """One guard for all workers of this process: its pipe stays open."""
    guard()


@pytest.fixture
def spec(make_case, tmp_path):
    def spec(factory):
        return BuildSpec.of(
            make_case(factory), model_dir=None, model_digest="", cache_dir=str(tmp_path), picture_dir=str(tmp_path)
        )

    return spec


@pytest.fixture(params=["pidfd", "polling"])
def both_ways(request, monkeypatch):
    """Once as on a current Linux, once as where the kernel has no pidfd."""

    def refuse(pid):
        raise OSError("no pidfd here")

    if request.param == "polling":
        monkeypatch.setattr(os, "pidfd_open", refuse)


def add(worker, a=1, b=2):
    return worker.ask(protocol.Call("harbour:add", {"a": a, "b": b}), protocol.Called).value


def is_gone(pid):
    """Wait (at most 10 s) until a process that is no child of ours has ended."""
    try:
        fd = pidfd_open(pid)
    except ProcessLookupError:
        return True
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    ended = bool(poller.poll(10_000))
    os.close(fd)
    return ended


def open_fds():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("missing", [False, True])
def test_pidfd_is_used_where_the_system_has_it(monkeypatch, missing):
    if missing:
        monkeypatch.delattr(os, "pidfd_open")
    fd = process_group._open_pidfd(os.getpid())
    assert (fd is None) == missing
    if fd is not None:
        os.close(fd)


@BOTH_WAYS
def test_worker_answers_and_leaves_nothing(start):
    before = open_fds()
    with start() as worker:
        assert worker.spawn_ns > 0
        assert add(worker) == 3
        assert add(worker, "a", "ß\n") == "aß\n"
        assert worker.close() == 0
    assert open_fds() == before


def test_worker_runs_as_asked(start, numpy_project):
    with start(Launch(env={"SAILS": "3"}, pin=True)) as worker:
        seen = worker.ask(protocol.Call("harbour:look"), protocol.Called).value
    assert seen["cpus"] == [min(os.sched_getaffinity(0))]
    assert seen["env"]["SAILS"] == "3"
    assert seen["env"]["SDPERF_THREADS"] == "1"
    assert seen["env"]["PYTHONPATH"].split(os.pathsep)[0] == str(numpy_project)
    assert seen["group"]
    assert seen["inheritable"] == []


def ask_for_folder(worker):
    return Path(worker.ask(protocol.Call("harbour:temporary_folder", {}), protocol.Called).value)


@pytest.mark.parametrize("end", ["close", "kill"])
@pytest.mark.parametrize("variable", [None, ""])
def test_temporary_files_go_with_their_worker(start, end, variable, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)  # what was found before counts no more
    monkeypatch.delenv("TMPDIR", raising=False)
    if variable is not None:
        monkeypatch.setenv("TMPDIR", variable)
    with start() as one, start() as other:
        folder = ask_for_folder(one)
        assert folder.parent == Path(tempfile.gettempdir())
        assert folder.name.startswith("sdperf-")
        assert ask_for_folder(other) != folder
        Path(folder, "left behind").mkdir()
        getattr(one, end)()
        assert not folder.exists()
        assert ask_for_folder(other).is_dir()


def test_temporary_files_stay_where_the_launch_wants_them(start, tmp_path):
    with start(Launch(env={"TMPDIR": str(tmp_path)})) as worker:
        assert ask_for_folder(worker).parent == tmp_path
    with start(Launch(env={"TMPDIR": str(tmp_path / "none")})) as worker:
        assert ask_for_folder(worker).is_dir()


def test_two_workers_are_busy_at_once(start, spec, tmp_path):
    """Each waits for what only the other one writes: they would hang one after the other."""
    pipes = [tmp_path / name for name in ("one", "two")]
    for pipe in pipes:
        os.mkfifo(pipe)
    with start(log_path=tmp_path / "1.log") as first, start(log_path=tmp_path / "2.log") as second:
        for worker, (reads, writes) in ((first, pipes), (second, pipes[::-1])):
            kwargs = {"reads": str(reads), "writes": str(writes), "reads_first": worker is second}
            worker.send(protocol.Call("harbour:meet", kwargs))
        assert second.receive(protocol.Called).value == "ahoy"
        assert first.receive(protocol.Called).value == "ahoy"


def test_what_goes_wrong_after_sending_is_told_when_it_is_received(start, spec):
    with start() as worker:
        worker.send(protocol.Build(spec("leaving")))
        with pytest.raises(WorkerError) as caught:
            worker.receive(protocol.Built)
        assert caught.value.what == "the worker ended with exit code 7 while building variant 'ship' (harbour:leaving)"
        with pytest.raises(
            WorkerError, match=r"the worker is gone, it cannot go on with collecting evidence .*Start an"
        ):
            worker.send(protocol.Prove())


def test_a_death_between_commands_is_told_by_the_next_answer(start):
    with start() as worker:
        os.kill(worker._group._process.pid, signal.SIGKILL)
        worker._group._process.wait()
        worker.send(protocol.Prove())  # the broken pipe says nothing
        with pytest.raises(WorkerError) as caught:
            worker.receive(protocol.Proven)
    assert caught.value.what == "the worker was killed by signal 9 (SIGKILL) while collecting evidence"


def burnt_ns(worker, function):
    add(worker)  # importing the module computes, too
    before = worker.cpu_ns()
    worker.ask(protocol.Call(f"harbour:{function}", {"seconds": 0.05}), protocol.Called)
    return worker.cpu_ns() - before


def test_time_on_cpus_grows_while_a_worker_computes_and_keeps_what_ended_threads_used(start):
    with start() as worker:
        assert worker.cpu_ns() > 0
        assert burnt_ns(worker, "burn") >= 50_000_000


def test_time_on_cpus_has_that_of_children(start):
    with start() as worker:
        assert burnt_ns(worker, "child_burns") >= 50_000_000


def test_time_on_cpus_keeps_that_of_children_that_have_ended(start):
    with start() as worker:
        # Of those that have ended the system counts in hundredths of a second, user and system each.
        assert burnt_ns(worker, "child_burns_and_ends") >= 30_000_000


def test_time_on_cpus_of_a_worker_that_is_gone_is_unknown(start):
    with start() as worker:
        worker.kill()
        assert worker.cpu_ns() is None


def test_time_on_cpus_is_unknown_where_the_system_has_no_such_clock(start, monkeypatch):
    def refuse(clock):
        raise OSError("Invalid argument")

    with start() as worker:
        monkeypatch.setattr(process_group.time, "clock_gettime_ns", refuse)
        assert worker.cpu_ns() is None


def test_waits_and_cpus_of_a_worker_are_those_of_its_threads(start):
    with start(Launch(pin=True)) as worker:
        first = worker.waits()
        worker.ask(protocol.Call("harbour:child_burns", {"seconds": 0.05}), protocol.Called)
        second = worker.waits()
        assert second.waited_ns >= first.waited_ns >= 0
        assert second.ran_ns > first.ran_ns > 0
        assert worker.cpus() == {min(os.sched_getaffinity(0))}
        worker.kill()
        assert worker.waits() is None
        assert worker.cpus() == frozenset()


def test_session_keeps_its_own_affinity(start):
    before = os.sched_getaffinity(0)
    with start(Launch(pin=True)):
        assert os.sched_getaffinity(0) == before


def test_what_is_printed_goes_to_the_log(start, spec, tmp_path):
    with start() as worker:
        worker.ask(protocol.Build(spec("noisy")), protocol.Built)
        assert worker.ask(protocol.WarmUp((16, 24), 1), protocol.Warmed).spent_ns
    log = (tmp_path / "worker.log").read_text()
    assert "python says ahoy" in log
    assert "the hull says ahoy" in log


def test_an_exception_is_the_sentence_and_the_worker_lives_on(start, spec, tmp_path):
    with start() as worker:
        with pytest.raises(WorkerError) as caught:
            worker.ask(protocol.Build(spec("raising")), protocol.Built)
        assert str(caught.value) == (
            f"ValueError: the mast broke [log: {tmp_path / 'worker.log'}]. The log ends with the traceback."
        )
        assert 'raise ValueError("the mast\\nbroke")' in caught.value.log_tail
        assert add(worker) == 3


def test_an_error_of_ours_keeps_place_and_cure(start, spec, tmp_path):
    with start() as worker, pytest.raises(WorkerError) as caught:
        worker.ask(protocol.Build(spec("nowhere")), protocol.Built)
    assert str(caught.value) == (
        "factory of variant 'ship' cannot be called: harbour has nothing under the name 'nowhere' "
        f"[harbour:nowhere; log: {tmp_path / 'worker.log'}]. Name a function of that module."
    )


@pytest.mark.parametrize(
    ("factory", "what"),
    [
        ("killed", "the worker was killed by signal 9 (SIGKILL) while building variant 'ship' (harbour:killed)"),
        ("crashing", "the worker was killed by signal 11 (SIGSEGV) while building variant 'ship' (harbour:crashing)"),
        ("leaving", "the worker ended with exit code 7 while building variant 'ship' (harbour:leaving)"),
    ],
)
@BOTH_WAYS
def test_a_dead_worker_is_told_by_its_end(start, spec, factory, what):
    before = open_fds()
    with start() as worker:
        with pytest.raises(WorkerError) as caught:
            worker.ask(protocol.Build(spec(factory)), protocol.Built)
        with pytest.raises(WorkerError, match="the worker is gone, it cannot go on with collecting evidence"):
            worker.ask(protocol.Prove(), protocol.Proven)
    assert caught.value.what == what
    assert open_fds() == before


def test_a_crash_leaves_the_python_line_in_the_log(start, spec):
    with start() as worker, pytest.raises(WorkerError) as caught:
        worker.ask(protocol.Build(spec("crashing")), protocol.Built)
    assert "Segmentation fault" in caught.value.log_tail
    assert "in crashing" in caught.value.log_tail


def test_a_hanging_worker_is_killed_and_says_where_it_hung(start, spec, tmp_path):
    with start(timeout_s=1.0) as worker, pytest.raises(WorkerError) as caught:
        worker.ask(protocol.Build(spec("hanging")), protocol.Built)
    assert caught.value.what == (
        "the worker gave no answer within 1 s while building variant 'ship' (harbour:hanging), and was killed"
    )
    assert caught.value.cure.endswith("raise --sdperf-timeout.")
    assert "becalmed" in caught.value.log_tail
    assert "in hanging" in caught.value.log_tail
    assert worker.kill() == -signal.SIGKILL


def test_a_worker_that_closes_its_pipe_is_killed(start, spec):
    with start() as worker, pytest.raises(WorkerError, match="the worker closed its pipe while building"):
        worker.ask(protocol.Build(spec("closing")), protocol.Built)
    assert worker.kill() == -signal.SIGKILL


@pytest.mark.parametrize("detached", [False, True], ids=["in the group", "in a session of its own"])
@pytest.mark.parametrize("end", ["close", "kill"])
def test_no_grandchild_is_left(start, tmp_path, detached, end):
    pid_file = tmp_path / "pid"
    with start() as worker:
        call = protocol.Call("harbour:leave_behind", {"pid_file": str(pid_file), "detached": detached})
        worker.ask(call, protocol.Called)
        getattr(worker, end)()
    assert is_gone(int(pid_file.read_text()))


@BOTH_WAYS
def test_a_grandchild_that_holds_the_pipe_does_not_hide_a_death(start, tmp_path):
    pid_file = tmp_path / "pid"
    with start() as worker, pytest.raises(WorkerError, match=r"killed by signal 9 \(SIGKILL\) while calling"):
        worker.ask(protocol.Call("harbour:leave_behind_and_die", {"pid_file": str(pid_file)}), protocol.Called)
    assert is_gone(int(pid_file.read_text()))


def test_a_daemon_of_a_worker_that_crashed_is_found_by_its_mark(start, tmp_path):
    """It is in a session of its own, and who started it is gone before anybody could ask."""
    pid_file = tmp_path / "pid"
    with start() as worker:
        call = protocol.Call("harbour:leave_behind", {"pid_file": str(pid_file), "detached": True})
        worker.ask(call, protocol.Called)
        os.kill(worker._group._process.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match="SIGKILL"):
            add(worker)
    assert is_gone(int(pid_file.read_text()))


def test_the_time_of_a_daemon_is_its_workers(start):
    """Both of its parents have ended: the worker adopts it."""
    with start() as worker:
        before_ns = worker.cpu_ns()
        worker.ask(protocol.Call("harbour:daemon_burns", {"seconds": 0.05}), protocol.Called)
        assert worker.cpu_ns() - before_ns >= 50_000_000


def test_ctrl_c_leaves_nothing(start):
    pids = []

    def interrupted():
        with start() as worker:
            pids.append(worker._group._process.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert is_gone(pids[0])


def test_a_forgotten_worker_is_ended(start):
    worker = start()
    pid = worker._group._process.pid
    del worker
    assert is_gone(pid)


@pytest.mark.parametrize("waitid", [True, False])
def test_a_death_is_seen_before_and_after_it_is_reaped(start, monkeypatch, waitid):
    if not waitid:
        monkeypatch.delattr(os, "waitid")
    with start() as worker:
        assert not worker._group.died()
        worker.kill()
        assert worker._group.died()
        worker._group.note_descendants()  # nothing to note, and no error
        worker._group.ask_for_traceback()  # nobody to ask
        assert worker.kill() == -signal.SIGKILL


def test_a_process_that_is_gone_has_no_descendants():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert process_group._descendants(process.pid) == []


def test_a_fork_of_the_session_spares_the_worker(start):
    with start() as worker:
        process = worker._group._process
        process_group._end(process, None, [], os.getpid() + 1, "/nowhere")
        assert add(worker) == 3


def test_a_session_that_is_killed_takes_its_worker_along(numpy_project, tmp_path):
    pid_file = tmp_path / "pid"
    script = f"""
import os, signal
from pathlib import Path
from pytest_sdperf import protocol
from pytest_sdperf.launch.settings import ResolvedLaunch
from pytest_sdperf.launch.launcher import launch
worker = launch(ResolvedLaunch(dict(os.environ)), timeout_s=60, log_path=Path({str(tmp_path / "log")!r}),
                extra_sys_path=[{str(numpy_project)!r}])
worker.ask(protocol.Call("harbour:leave_behind", dict(pid_file={str(pid_file)!r}, detached=False)), protocol.Called)
print(worker._group._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    session = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert session.returncode == -signal.SIGKILL, session.stderr
    assert is_gone(int(session.stdout))
    assert is_gone(int(pid_file.read_text()))


@pytest.fixture
def impostor(tmp_path):
    """Start a script in the interpreter's place; what it writes to `answers` is its answer."""

    def impostor(script):
        path = tmp_path / "impostor"
        path.write_text(f"#!{sys.executable}\nimport os, sys\nanswers = int(sys.argv[4])\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return launch(ResolvedLaunch(dict(os.environ)), timeout_s=10, log_path=tmp_path / "log", interpreter=str(path))

    return impostor


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (r"os.write(answers, b'sail\n')", "the worker said b'sail', which is no message of protocol 7"),
        (r"""os.write(answers, b'{"type":"ready","version":8}\n')""", "the worker speaks protocol 8"),
        (r"""os.write(answers, b'{"type":"called"}\n')""", "the worker answered Called while starting"),
        ("os.write(answers, b'half'); sys.exit(1)", "the worker ended with exit code 1 while starting"),
        ("sys.exit(1)", "the worker ended with exit code 1 while starting"),
    ],
)
def test_a_stranger_is_refused_and_leaves_nothing(impostor, script, what):
    before = open_fds()
    with pytest.raises(WorkerError) as caught:
        impostor(script)
    assert caught.value.what.startswith(what)
    assert open_fds() == before


def test_what_the_interpreter_said_is_in_the_tail(impostor):
    with pytest.raises(WorkerError) as caught:
        impostor("sys.exit('No module named pytest_sdperf')")
    assert caught.value.log_tail == "No module named pytest_sdperf"


@pytest.mark.parametrize("cpus", [(), (4095,)])
def test_what_cannot_start_is_a_launch_error(cpus, tmp_path):
    before, affinity = open_fds(), os.sched_getaffinity(0)
    interpreter = sys.executable if cpus else str(tmp_path / "python")
    with pytest.raises(LaunchError) as caught:
        launch(ResolvedLaunch({}, cpus), timeout_s=10, log_path=tmp_path / "log", interpreter=interpreter)
    assert caught.value.what.startswith("the worker cannot be started (")
    assert caught.value.where == (f"{interpreter}, CPUs [4095]" if cpus else interpreter)
    assert (open_fds(), os.sched_getaffinity(0)) == (before, affinity)


def test_no_workers_off_posix(monkeypatch, tmp_path):
    monkeypatch.setattr(launcher.os, "name", "nt")
    with pytest.raises(LaunchError) as caught:
        launch(ResolvedLaunch({}), timeout_s=10, log_path=tmp_path)
    monkeypatch.undo()
    assert str(caught.value) == "workers need POSIX pipes and process groups. Measure on Linux or macOS."


def test_launcher_resolves_and_starts(numpy_project, tmp_path):
    start = Launcher(dict(os.environ), cpus=(), find_library=lambda name: None, extra_sys_path=(str(numpy_project),))
    with start(Launch(), log_path=tmp_path / "logs" / "log", timeout_s=60) as worker:
        seen = worker.ask(protocol.Call("harbour:look"), protocol.Called).value
    assert seen["env"]["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(LaunchError, match="library 'jemalloc' to preload was not found"):
        start(Launch(preload=("jemalloc",)), log_path=tmp_path / "log", timeout_s=60)
    assert not Path(tmp_path / "log").exists()


def test_a_launcher_with_a_folder_starts_workers_in_it(numpy_project, tmp_path):
    """The other arm's code is found before this one's: the folder comes before PYTHONPATH."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "harbour.py").write_text("import os\ndef where(): return [os.getcwd(), __file__]\n")
    start = Launcher(
        dict(os.environ), cpus=(), find_library=lambda name: None, extra_sys_path=(str(numpy_project),), cwd=folder
    )
    with start(Launch(), log_path=tmp_path / "log", timeout_s=60) as worker:
        seen = worker.ask(protocol.Call("harbour:where"), protocol.Called).value
    assert seen == [str(folder), str(folder / "harbour.py")]


def test_a_folder_that_is_not_there_is_a_launch_error(tmp_path):
    start = Launcher(dict(os.environ), cpus=(), find_library=lambda name: None, cwd=tmp_path / "gone")
    with pytest.raises(LaunchError, match="the worker cannot be started .*gone"):
        start(Launch(), log_path=tmp_path / "log", timeout_s=60)


class TestNoRoom:
    """What the system limits is a sentence with a cure, and nothing is left open."""

    def refused(self, tmp_path):
        before = open_fds()
        with pytest.raises(LaunchError) as caught:
            launch(ResolvedLaunch({}), timeout_s=10, log_path=tmp_path / "log")
        assert open_fds() == before
        return str(caught.value)

    @pytest.mark.parametrize("pipes", [0, 1])
    def test_no_descriptors_for_pipes(self, monkeypatch, tmp_path, pipes):
        pipe, made = os.pipe, []

        def refuse():
            if len(made) == pipes:
                raise OSError(errno.EMFILE, "Too many open files")
            made.append(pipe())
            return made[-1]

        monkeypatch.setattr(launcher.os, "pipe", refuse)
        said = self.refused(tmp_path)
        assert said.startswith(
            "the worker cannot be started: no file descriptor is left for its pipes (Too many open files, limit "
        )
        assert said.endswith("Raise the limit (`ulimit -n 1024`), or close files that the tests leave open.")

    def test_no_room_for_temporary_files(self, monkeypatch, tmp_path):
        def refuse(folder):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(launcher, "TemporaryFolder", refuse)
        assert self.refused(tmp_path) == (
            "the worker cannot be started ([Errno 28] No space left on device). "
            "Make room for temporary files, or set TMPDIR to another folder."
        )

    def test_no_descriptors_for_the_process(self, monkeypatch, tmp_path):
        def refuse(*args, **keywords):
            raise OSError(errno.ENFILE, "Too many open files in system")

        monkeypatch.setattr(launcher.subprocess, "Popen", refuse)
        assert "no file descriptor is left for its pipes (Too many open files in system, " in self.refused(tmp_path)
