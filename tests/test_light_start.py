"""A pytest start with the plugin and without --sdperf: nothing heavy is imported, no process started, no file written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SCRIPT = """
import json, os, subprocess, sys

plugin, arguments = sys.argv[1], sys.argv[2:]
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True
started = []

def watch(event, args):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system"):
        started.append(event)

sys.addaudithook(watch)
import pytest

loaded = ["-p", "pytest_sdperf.plugin.hooks"] if plugin == "with" else []
code = pytest.main(["-p", "no:cacheprovider", "-q", *loaded, *arguments])
print("\\n" + json.dumps({"code": int(code), "modules": sorted(sys.modules), "started": started}))
""".replace("ROOT", repr(str(ROOT)))

HEAVY = {"numpy", "scipy", "skimage", "PIL", "torch", "diffusers", "openvino", "jinja2", "matplotlib", "rich", "psutil", "archspec",
         "filelock", "platformdirs", "msgspec", "packaging.requirements", "multiprocessing", "click"}  # fmt: skip

OURS = {"errors", "measure", "options", "plugin", "report", "units", "verdict"}
"""Modules and rooms that every pytest start loads."""

NEEDY = """
import pytest

def test_fixture(sd_fp32):
    sd_fp32.check()

@pytest.mark.sdperf(max_slowdown="5%")
@pytest.mark.requires_amx
def test_marker():
    assert False
"""


COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""With these a process is measured, and imports what that takes."""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start pytest in a folder of its own, with no plugin but ours, and say what happened."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in COVERAGE:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()

    def start(plugin, *arguments):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, plugin, *arguments],
            cwd=tmp_path / "project",
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout.splitlines()[-1]), done.stdout

    return start


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_an_empty_folder(start, tmp_path):
    before, _ = start("without")
    after, _ = start("with")
    assert after["code"] == before["code"] == pytest.ExitCode.NO_TESTS_COLLECTED
    more = set(after["modules"]) - set(before["modules"])
    assert "pytest_sdperf.plugin.hooks" in more
    assert not more & HEAVY
    assert {m.split(".")[1] for m in more if m.startswith("pytest_sdperf.")} == OURS
    assert after["started"] == []
    assert files(tmp_path) == ["project"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--collect-only",), ("--sdperf-update=new", "--sdperf-json=all.json", "--sdperf-html=all.html")],
)
def test_tests_of_ours_that_skip(start, tmp_path, arguments):
    (tmp_path / "project" / "test_needy.py").write_text(NEEDY)
    before, _ = start("without", "--collect-only")
    after, output = start("with", "-rs", *arguments)
    assert after["code"] == 0
    if "--collect-only" not in arguments:
        assert output.count("needs --sdperf") >= 1
        assert "2 skipped" in output
    assert not (set(after["modules"]) - set(before["modules"])) & HEAVY
    assert after["started"] == []
    assert files(tmp_path) == ["project", "project/test_needy.py"]


def test_collecting_with_the_flag_starts_nothing(start, tmp_path):
    (tmp_path / "project" / "test_needy.py").write_text(NEEDY)
    after, _ = start("with", "--sdperf", "--collect-only")
    assert after["code"] == 0
    assert after["started"] == []
    assert files(tmp_path) == ["project", "project/test_needy.py"]


def test_the_package_itself_is_a_table_of_contents(monkeypatch):
    for name in COVERAGE:
        monkeypatch.delenv(name, raising=False)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import pytest_sdperf; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(eval(done.stdout))
    assert not modules & {*HEAVY, "pytest", "importlib.metadata"}
