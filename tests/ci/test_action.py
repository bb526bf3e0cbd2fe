"""The composite action's scripts, run for real: which base they find, and what pytest is called with."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sdperf.options.specs import SPECS

pytestmark = pytest.mark.one_python

PYTEST = """
import json, os, sys
open(os.environ["SEEN"], "w").write(json.dumps([sys.argv[1:], os.getcwd()]))
sys.exit(int(os.environ.get("ENDS_WITH", "0")))
"""


@pytest.fixture
def pull_request(make_repository):
    """A clone as actions/checkout leaves it: the merge of `change` into `main` is checked out, without a branch."""
    repository = make_repository()
    repository.commit("old", a="1\n")
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit("change", b="2\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit("merged by others", c="3\n")
    repository.git("checkout", "--quiet", "--detach")
    repository.git("merge", "--quiet", "--no-edit", "change")
    return repository


def commit(repository, name):
    return repository.git("rev-parse", name)


def test_a_pull_request_is_judged_by_what_it_is_merged_into(script, pull_request):
    old = commit(pull_request, "main~1")
    event = {"SDPERF_BASE_OF_PULL_REQUEST": old, "GITHUB_SHA": commit(pull_request, "HEAD")}
    code, given, said = script("base.sh", pull_request.path, **event)
    assert (code, given) == (0, {"base": commit(pull_request, "main")}), said


def test_a_pull_request_whose_own_commit_is_checked_out(script, pull_request):
    base = commit(pull_request, "main~1")
    pull_request.git("checkout", "--quiet", "change")
    given = script("base.sh", pull_request.path, SDPERF_BASE_OF_PULL_REQUEST=base, GITHUB_SHA="0" * 40)[1]
    assert given == {"base": base}


def test_a_named_base_comes_first(script, pull_request):
    event = {"SDPERF_BASE": "main", "SDPERF_BASE_OF_PULL_REQUEST": "x", "SDPERF_BEFORE_PUSH": "y"}
    assert script("base.sh", pull_request.path, **event)[1] == {"base": "main"}


def test_a_push_is_judged_by_what_was_there_before(script, pull_request):
    pull_request.git("checkout", "--quiet", "main")
    before = commit(pull_request, "main~1")
    assert script("base.sh", pull_request.path, SDPERF_BEFORE_PUSH=before)[1] == {"base": before}


@pytest.mark.parametrize("before", ["0" * 40, "change"])
def test_a_push_of_a_new_branch_or_by_force_is_judged_by_its_parent(script, pull_request, before):
    pull_request.git("checkout", "--quiet", "main")
    given = script("base.sh", pull_request.path, SDPERF_BEFORE_PUSH=before)[1]
    assert given == {"base": commit(pull_request, "main~1")}


def test_nothing_to_judge_by(script, pull_request):
    code, given, said = script("base.sh", pull_request.path)
    assert (code, given) == (0, {"base": ""})
    assert "judged by: the checkout itself" in said
    pull_request.git("checkout", "--quiet", "main~1")
    assert script("base.sh", pull_request.path, SDPERF_BEFORE_PUSH="0" * 40)[1] == {"base": ""}


@pytest.mark.parametrize("name", ["no-such-revision", "--help", "$(touch hacked)", "a b"])
def test_a_base_that_is_not_there(script, pull_request, name):
    code, given, said = script("base.sh", pull_request.path, SDPERF_BASE=name)
    assert (code, given) == (1, {})
    assert f"::error title=sdperf::The base {name} is not in this clone. Give actions/checkout the input" in said
    assert not (pull_request.path / "hacked").exists()


@pytest.fixture
def gate(script, tmp_path):
    """Run gate.sh with a pytest that only notes how it is called; gives (exit code, arguments, report's folder)."""
    (tmp_path / "fake_pytest.py").write_text(PYTEST)
    (tmp_path / "here").mkdir()
    seen = tmp_path / "seen.json"

    def gate(**env):
        command = f"{sys.executable}\n {tmp_path / 'fake_pytest.py'}"
        code, given, said = script("gate.sh", tmp_path / "here", SDPERF_PYTEST=command, SEEN=str(seen), **env)
        arguments, cwd = json.loads(seen.read_text()) if seen.exists() else ([said], "")
        assert cwd == str(tmp_path / "here")
        return code, arguments, given["report"]

    return gate


def test_a_pull_request_is_measured_beside_its_base_and_judged_by_it(gate, tmp_path):
    code, arguments, report = gate(SDPERF_BASE="0123abc", SDPERF_ARGS="tests/perf\n  --sdperf-missing=skip")
    assert code == 0
    assert report == str(tmp_path / "sdperf-report")
    assert not any(Path(report).iterdir())
    assert arguments == [
        "--sdperf",
        f"--sdperf-json={report}/sdperf.json",
        f"--sdperf-html={report}/sdperf.html",
        f"--sdperf-markdown={report}/sdperf.md",
        f"--junitxml={report}/junit.xml",
        "--sdperf-baselines-from=0123abc",
        "--sdperf-against=0123abc",
        "tests/perf",
        "--sdperf-missing=skip",
    ]


def test_what_can_be_left_out(gate):
    assert [a for a in gate()[1] if a.startswith(("--sdperf-a", "--sdperf-b", "--sdperf-r"))] == []
    arguments = gate(SDPERF_BASE="main", SDPERF_SIDE_BY_SIDE="false", SDPERF_REQUIRE="amx")[1]
    assert arguments[-2:] == ["--sdperf-baselines-from=main", "--sdperf-require=amx"]


def test_arguments_are_words_and_nothing_is_evaluated(gate, tmp_path):
    arguments = gate(
        SDPERF_ARGS="* $(touch hacked) `touch hacked` ;touch hacked $HOME 'a b'", SDPERF_BASE="$(touch x)"
    )[1]
    assert arguments[5:7] == ["--sdperf-baselines-from=$(touch x)", "--sdperf-against=$(touch x)"]
    assert arguments[7:] == [
        "*", "$(touch", "hacked)", "`touch", "hacked`", ";touch", "hacked", "$HOME", "'a", "b'",
    ]  # fmt: skip
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("code", [0, 1, 5])
def test_pytests_exit_code_is_the_steps(gate, code):
    assert gate(ENDS_WITH=str(code))[0] == code


def test_the_caches_key_and_folder(script, tmp_path):
    home = {"HOME": str(tmp_path), "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}
    _, given, _ = script("cache.sh", tmp_path, SDPERF_CACHE="~/.cache/pytest-sdperf", **home)
    assert given["folder"] == f"{tmp_path}/.cache/pytest-sdperf"
    found = subprocess.run(
        ["python3", "-c", "from importlib.metadata import version; print(version('pytest-sdperf'))"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    version = found.stdout.strip() if found.returncode == 0 else "elsewhere"
    assert given["key"] == f"sdperf-Linux-X64-{version}"
    assert script("cache.sh", tmp_path, SDPERF_CACHE="/abs/~/x", **home)[1]["folder"] == "/abs/~/x"


def test_every_option_that_the_action_passes_is_one_of_ours(action_folder):
    """Read from the script: an option that is renamed breaks users' workflows."""
    flags = {spec.flag for spec in SPECS}
    named = set(re.findall(r"--sdperf(?:-[a-z]+)*", (action_folder / "gate.sh").read_text()))
    assert len(named) >= 7
    assert named <= flags
