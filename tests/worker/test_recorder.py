"""What a worker did, as it records it. Hooks are installed in processes of their own: they cannot be removed."""

import json
import os
import py_compile
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_sdperf.activity import UNRECORDED
from pytest_sdperf.worker import recorder as module
from pytest_sdperf.worker.bytecode import compiled_of, source_of, stale
from pytest_sdperf.worker.recorder import Recorder

RECORD = """
import json, os, sys
from pytest_sdperf.worker.recorder import Recorder
recorder = Recorder()
recorder.start()
{0}
import msgspec
print(json.dumps(msgspec.to_builtins(recorder.activity([os.getcwd()], dict(sys.modules)))))
"""


@pytest.fixture
def record(tmp_path):
    """What a process in a folder of its own did."""

    def record(source):
        done = subprocess.run(
            [sys.executable, "-c", RECORD.format(source)], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return json.loads(done.stdout)

    return record


def test_files_that_are_read_written_and_missed(record, tmp_path):
    (tmp_path / "a.json").write_text("")
    did = record(
        "open('a.json').read(); open('b.log', 'w'); os.path.exists('c') or 0\ntry: open('d')\nexcept OSError: pass"
    )
    assert did["opened"] == [f"{tmp_path}/a.json", f"{tmp_path}/d"]
    assert did["written"] == [f"{tmp_path}/b.log"]
    assert did["hazards"] == []


def test_names_that_are_asked_for_by_code_and_by_the_import_system(record, tmp_path):
    (tmp_path / "masts").mkdir()
    (tmp_path / "ours.py").write_text("")
    did = record("os.listdir('masts'); import ours")
    assert did["listed"] == [f"{tmp_path}/masts"]
    assert str(tmp_path) in did["searched"]
    assert did["modules"]["ours"] == f"{tmp_path}/ours.py"


@pytest.mark.parametrize(
    ("source", "hazard"),
    [
        ("import subprocess; subprocess.run(['true'])", "it starts another process (true)"),
        ("os.system('true')", "it starts another process (true)"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "it connects to ('127.0.0.1', 9)"),
    ],
)
def test_what_reaches_beyond_files(record, source, hazard):
    assert hazard in record(source)["hazards"]


def test_a_compiled_copy_and_its_source(tmp_path):
    source = tmp_path / "ours.py"
    source.write_text("A = 1\n")
    assert compiled_of(str(source)) == ""
    compiled = py_compile.compile(str(source))
    assert (compiled_of(str(source)), source_of(compiled), source_of(str(source))) == (compiled, str(source), "")
    assert stale(str(source), compiled) == ""
    stamp = source.stat().st_mtime

    def edited(text, later_s=0):
        source.write_text(text)
        os.utime(source, (stamp + later_s, stamp + later_s))
        return stale(str(source), compiled)

    assert "is not compiled from" in edited("A = 2\n")
    # Python passes over the copy of another second, or of another size, and compiles the source.
    assert edited("A = 2\n", later_s=1) == ""
    assert edited("A = 20\n") == ""
    assert edited("A = 2\n", later_s=-1) == ""
    assert "cannot be compared with its source (SyntaxError)" in edited("A = \\\n")


def test_a_copy_that_is_known_by_its_sources_hash(tmp_path):
    """It is taken whatever the source's time says."""
    source = tmp_path / "ours.py"
    source.write_text("A = 1\n")
    compiled = py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text("A = 20\n")
    assert "is not compiled from" in stale(str(source), compiled)


def test_a_compiled_copy_of_a_source_that_is_gone(tmp_path):
    source = tmp_path / "ours.py"
    source.write_text("A = 1\n")
    compiled = py_compile.compile(str(source))
    source.unlink()
    assert "cannot be compared with its source (FileNotFoundError)" in stale(str(source), compiled)


class TestEvents:
    """What one event means. In this process, and without a hook: tracers do not see what a hook does."""

    @pytest.fixture
    def hooks(self, monkeypatch):
        hooks = []
        monkeypatch.setattr(sys, "addaudithook", hooks.append)
        return hooks

    @pytest.fixture
    def recorder(self, hooks):
        recorder = Recorder()
        recorder.start()
        return recorder

    @pytest.fixture
    def happen(self, recorder, hooks):
        def happen(event, *args):
            hooks[0](event, args)

        return happen

    @pytest.fixture
    def did(self, recorder, tmp_path, monkeypatch):
        """What is known of a folder, which is the current one, without what the test's own process has done."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(module, "_descriptors", list)
        monkeypatch.setattr(module, "_children", list)

        def did():
            return recorder.activity([str(tmp_path)], {})

        return did

    def test_opened_to_read_to_write_and_both(self, happen, did, tmp_path):
        happen("open", "a", "r", os.O_RDONLY)
        happen("open", b"b", "w", os.O_WRONLY | os.O_CREAT)
        happen("open", str(tmp_path / "x/../c"), "r+", os.O_RDWR)
        happen("open", "both", "w", os.O_WRONLY)
        happen("open", "both", "r", os.O_RDONLY)
        happen("open", 3, "r", os.O_RDONLY)
        happen("open", "/elsewhere/d", "r", os.O_RDONLY)
        seen = did()
        assert seen.opened == [f"{tmp_path}/{name}" for name in ("a", "both", "c")]
        assert seen.written == [f"{tmp_path}/b"]
        assert seen.hazards == []

    def test_listed_by_code_and_by_the_import_system(self, happen, did, tmp_path, recorder):
        happen("os.listdir", None)
        happen("os.scandir", "masts")
        happen("os.listdir", 3)
        exec(  # as the import system would
            compile("hook('os.listdir', (path,))", "zipimport.py", "exec"),
            {"__name__": "zipimport", "hook": recorder._hook, "path": "sails"},
        )
        seen = did()
        assert seen.listed == [str(tmp_path), f"{tmp_path}/masts"]
        assert seen.searched == [f"{tmp_path}/sails"]

    def test_imports_found_or_not(self, happen, did):
        happen("import", "rigging.main", None, None, None, None)
        assert set(did().imports) == {"rigging.main", "sitecustomize", "usercustomize"}

    def test_files_that_others_open(self, happen, did, tmp_path):
        happen("ctypes.dlopen", None)
        happen("ctypes.dlopen", "libm.so.6")
        happen("ctypes.dlopen", "./libship.so")
        happen("sqlite3.connect", "log.db")
        happen("os.rename", "old", "new", -1, -1)
        assert did().opened == [f"{tmp_path}/{name}" for name in ("libship.so", "log.db", "old")]

    @pytest.mark.parametrize(
        ("event", "args", "hazard"),
        [
            ("subprocess.Popen", ("true", ["true"], None, None), "it starts another process (true)"),
            ("subprocess.Popen", (Path("/bin/true"), [], None, None), "it starts another process (/bin/true)"),
            ("os.system", (b"true",), "it starts another process (true)"),
            ("os.exec", (["true"],), "it starts another process (list)"),
            ("os.spawn", (0, "true"), "it starts another process (true)"),
            ("os.spawn", (0,), "it starts another process"),
            ("os.fork", (), "it starts another process"),
            ("socket.connect", (None, ("127.0.0.1", 9)), "it connects to ('127.0.0.1', 9)"),
            ("socket.sendmsg", (None,), "it connects to a socket"),
            ("open", ("a",), "recording open failed (ValueError)"),
            ("gc.collect", (), ""),
        ],
    )
    def test_what_reaches_beyond_files(self, happen, did, event, args, hazard):
        happen(event, *args)
        assert did().hazards == ([hazard] if hazard else [])

    def test_a_named_pipe_is_no_file(self, happen, did, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "plain").touch()
        for path in ("pipe", "plain", str(tmp_path), "gone", "/dev/null", "nul\0byte"):
            happen("open", path, "r", os.O_RDONLY)
        assert did().hazards == [f"it opens {tmp_path}/pipe, which is not a file"]

    def test_folders_of_the_import_path_were_looked_into(self, hooks, tmp_path):
        (tmp_path / "masts").mkdir()
        (tmp_path / "ours.py").touch()
        recorder = Recorder()
        for _ in range(2):
            recorder.start([str(tmp_path)])
        assert len(hooks) == 1
        assert recorder.activity([str(tmp_path)], {}).searched == [str(tmp_path), f"{tmp_path}/masts"]

    def test_one_that_was_not_started_says_so(self, tmp_path):
        file = tmp_path / "ours.py"
        ours = SimpleNamespace(__file__=str(file), __spec__=None)
        seen = Recorder().activity([str(tmp_path)], {"ours": ours})
        assert seen.hazards == [UNRECORDED]
        assert (seen.opened, seen.imports) == ([], [])

    def test_a_compiled_copy_stands_for_its_source(self, happen, recorder, did, tmp_path):
        source = tmp_path / "ours.py"
        source.write_text("A = 1\n")
        compiled = py_compile.compile(str(source))
        happen("open", compiled, "r", os.O_RDONLY)
        stamp = source.stat().st_mtime - 60
        os.utime(source, (stamp, stamp))
        compiled = py_compile.compile(str(source))
        assert (did().opened, did().hazards) == ([compiled, str(source)], [])
        source.write_text("A = 2\n")
        os.utime(source, (stamp, stamp))
        assert did().hazards == [f"{compiled} is not compiled from {source} as that is now"]

    def test_an_environment_in_a_folder_is_no_part_of_it(self, happen, recorder, monkeypatch, tmp_path):
        site = tmp_path / ".venv" / "site-packages"
        site.mkdir(parents=True)
        monkeypatch.setattr(module.sysconfig, "get_path", lambda name: str(site))
        ours, theirs = tmp_path / "ours.py", site / "theirs.py"
        for file in (ours, theirs):
            file.write_text("A = 1\n")
            os.utime(file, (0, 0))
            happen("open", py_compile.compile(str(file)), "r", os.O_RDONLY)
        seen = recorder.activity([str(tmp_path)], {})
        assert [path for path in seen.opened if path.endswith(".py")] == [str(ours)]
        assert seen.outside == []

    def test_a_source_that_is_changed_meanwhile(self, happen, did, tmp_path):
        source = tmp_path / "ours.py"
        source.write_text("A = 1\n")
        happen("open", py_compile.compile(str(source)), "r", os.O_RDONLY)
        os.utime(source, (0, 0))
        assert did().hazards == []
        later = time.time() + 5
        os.utime(source, (later, later))
        assert did().hazards == [f"{source} was changed while it ran"]

    def test_also_of_a_module_that_was_loaded_before(self, recorder, did, tmp_path):
        import importlib.util

        source = tmp_path / "ours_before.py"
        source.write_text("A = 1\n")
        py_compile.compile(str(source))
        spec = importlib.util.spec_from_file_location("ours_before", source)
        before = importlib.util.module_from_spec(spec)
        seen = recorder.activity([str(tmp_path)], {"ours_before": before})
        assert seen.modules == {"ours_before": str(source)}
        assert seen.opened == [str(source)]

    def test_a_socket_is_seen_whoever_opened_it(self):
        one, other = socket.socketpair()
        with one, other:
            assert module._descriptors() == ["it has a socket open"]

    def test_a_child_is_seen_whoever_started_it(self):
        subprocess.run(["true"], check=True)
        assert module._children() == ["it starts another process"]


def test_compiled_copies_of_others_have_no_source(tmp_path):
    assert source_of(str(tmp_path / "__pycache__" / "ours-pytest.pyc")) == ""
    assert compiled_of(str(tmp_path / "ours.json")) == ""


def test_where_python_keeps_no_compiled_copies(monkeypatch):
    monkeypatch.setattr(sys.implementation, "cache_tag", None)
    assert compiled_of("/harbour/ours.py") == ""
