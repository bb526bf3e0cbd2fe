"""What a worker did, as it records it. In processes of their own: an audit hook cannot be removed."""

import json
import subprocess
import sys

import pytest

from pytest_sdperf.worker.bytecode import compiled_of, source_of, stale

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
    import py_compile

    compiled = py_compile.compile(str(source))
    assert (compiled_of(str(source)), source_of(compiled), source_of(str(source))) == (compiled, str(source), "")
    assert stale(str(source), compiled) == ""
    source.write_text("A = 2\n")
    assert "is not compiled from" in stale(str(source), compiled)
    source.write_text("A =\n")
    assert "cannot be compared with its source (SyntaxError)" in stale(str(source), compiled)
