"""How uv is found, started and quoted."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_sdperf.base.environment import uv_program
from pytest_sdperf.base.environment.uv_program import UvError, find_uv, run_uv
from pytest_sdperf.errors import ComparisonError

posix = pytest.mark.skipif(os.name != "posix", reason="a script stands for uv")


@pytest.fixture
def script(tmp_path):
    """A program that stands for uv."""

    def script(text):
        path = tmp_path / "uv"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return script


@posix
def test_found_in_the_package_or_on_path(script, monkeypatch):
    program = script("true")
    monkeypatch.setitem(sys.modules, "uv", None)
    assert find_uv({"PATH": str(program.parent)}, "here") == program
    with pytest.raises(ComparisonError, match=r"neither installed here nor on PATH \[here\]. Install it: pip install"):
        find_uv({"PATH": "/nowhere"}, "here")


@posix
def test_settings_of_indexes_pass_and_those_of_this_environment_do_not(script, tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "UV_DEFAULT_INDEX": "https://index.example",
        "VIRTUAL_ENV": "/this",
        "PYTHONPATH": "/this",
        "UV_PROJECT_ENVIRONMENT": "/other",
        "UV_FROZEN": "1",
        "GIT_DIR": "/hook",
    }
    said = run_uv(script("env"), ["x"], cwd=tmp_path, environ=environ, settings={"UV_PROJECT_ENVIRONMENT": "/new"})
    seen = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    assert seen["UV_DEFAULT_INDEX"] == "https://index.example"
    assert seen["UV_PROJECT_ENVIRONMENT"] == "/new"
    assert seen["UV_PYTHON_DOWNLOADS"] == "never"
    assert not {"VIRTUAL_ENV", "PYTHONPATH", "UV_FROZEN", "GIT_DIR"} & {*seen}


@posix
@pytest.mark.parametrize(
    ("printed", "reason", "is_network"),
    [
        (
            "Using Python 3.11\nerror: No solution found when resolving dependencies\n  cause: Because there is no x\n",
            "No solution found when resolving dependencies: Because there is no x",
            False,
        ),
        (
            "  \u00d7 No solution found when resolving dependencies:\n  \u2570\u2500\u25b6 Because there is no x\n      and you need x, no.\n",
            "No solution found when resolving dependencies: Because there is no x and you need x, no.",
            False,
        ),
        (
            "error: Failed to fetch: `https://user:secret@index.example/x/`\n  Caused by: dns error\n",
            "Failed to fetch: `https://index.example/x/`: dns error",
            True,
        ),
        ("", "exit code 3", False),
    ],
)
def test_a_failure_is_quoted(script, tmp_path, printed, reason, is_network):
    (tmp_path / "printed").write_text(printed)
    with pytest.raises(UvError) as error:
        run_uv(script("cat printed >&2; exit 3"), [], cwd=tmp_path, environ=dict(os.environ), settings={})
    assert (str(error.value), error.value.is_network) == (reason, is_network)


@posix
def test_one_that_takes_too_long_is_ended(script, tmp_path, monkeypatch):
    monkeypatch.setattr(uv_program, "_TIMEOUT_S", 0.1)
    with pytest.raises(UvError, match=r"^it took longer than 0.1 s$") as error:
        run_uv(script("exec tail -f /dev/null"), [], cwd=tmp_path, environ=dict(os.environ), settings={})
    assert not error.value.is_network


@posix
def test_whatever_ends_us_ends_it_too(script, tmp_path, monkeypatch):
    ended = []

    def interrupt(self, timeout):
        ended.append(self.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(uv_program.subprocess.Popen, "communicate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_uv(script("exec tail -f /dev/null"), [], cwd=tmp_path, environ=dict(os.environ), settings={})
    with pytest.raises(ProcessLookupError):
        os.killpg(ended[0], 0)


def test_the_package_brings_its_own(monkeypatch):
    package = ModuleType("uv")
    package.find_uv_bin = lambda: "/site/bin/uv"
    monkeypatch.setitem(sys.modules, "uv", package)
    assert find_uv({"PATH": "/nowhere"}, "here") == Path("/site/bin/uv")
