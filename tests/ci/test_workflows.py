"""Workflows: pinned, without more rights than they need, and no text from outside in a shell."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_python

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, GITHUB / "actions" / "sdperf" / "action.yml"]
TRUSTED = re.compile(r"\$\{\{ matrix\.\w+ \}\}")


def steps_of(read):
    if "runs" in read:
        return read["runs"]["steps"]
    return [step for job in read["jobs"].values() for step in job["steps"]]


def test_there_are_some():
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "gate.yml", "release.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_action_is_pinned_and_says_which_version_that_is(path, definition):
    lines = [line.strip() for line in path.read_text().splitlines() if re.search(r"\buses:", line)]
    assert lines
    for line in lines:
        assert re.fullmatch(r"(- )?uses: (\./[\w./-]+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)", line), line
    for step in steps_of(definition(path)):
        if step.get("uses", "").startswith("./"):
            assert (GITHUB.parent / step["uses"] / "action.yml").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_nothing_is_written_into_a_shell(path, definition):
    for step in steps_of(definition(path)):
        if "run" not in step:
            continue
        assert "${{" not in step["run"], step
        done = subprocess.run(
            ["bash", "-n", "-c", step["run"]], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_workflows_only_read(path, definition):
    read = definition(path)
    assert read["permissions"] == {"contents": "read"}
    assert "concurrency" in read
    rights = {name: job["permissions"] for name, job in read["jobs"].items() if "permissions" in job}
    if path.name == "release.yml":
        assert rights == {"publish": {"actions": "read", "id-token": "write"}}
    else:
        assert rights == {}
    for step in steps_of(read):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_only_tags_are_published_and_what_is_published_was_tested(definition):
    # YAML 1.1 takes the key `on` for a truth value.
    assert [{*definition(path)[True]} for path in WORKFLOWS if path.name != "release.yml"] == [
        {"push", "pull_request"},
        {"push", "pull_request"},
    ]
    release = definition(GITHUB / "workflows" / "release.yml")
    assert release[True] == {"push": {"tags": ["v*"]}}
    publish = release["jobs"]["publish"]
    assert (publish["needs"], publish["environment"]["name"]) == ("build", "pypi")
    commands = [step.get("run", "") for step in release["jobs"]["build"]["steps"]]
    assert any("tox run -e package" in c for c in commands)
    assert any("--installpkg dist/*.whl" in c for c in commands)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_code_of_forks_never_runs_on_our_own_machines(path, definition):
    for job in definition(path)["jobs"].values():
        if "self-hosted" in job["runs-on"]:
            same = "github.event.pull_request.head.repo.full_name == github.repository"
            assert job["if"] == f"github.event_name == 'push' || {same}"
            assert job["concurrency"]["cancel-in-progress"] is False


def test_the_gates_inputs_are_those_of_the_action(action_folder, definition):
    action = definition(action_folder / "action.yml")
    for job in definition(GITHUB / "workflows" / "gate.yml")["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("./"):
                assert set(step["with"]) <= set(action["inputs"])
    assert all(given["description"].strip() for given in action["inputs"].values())


def test_the_runner_with_amx_requires_it(definition):
    jobs = definition(GITHUB / "workflows" / "gate.yml")["jobs"]
    assert jobs["amx"]["runs-on"] == ["self-hosted", "linux", "x64", "amx"]
    assert [step["with"]["require"] for step in jobs["amx"]["steps"] if "require" in step.get("with", {})] == ["amx"]


def test_every_owned_path_is_there():
    lines = (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    paths = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert [p for p in paths if not (GITHUB.parent / p.strip("/")).exists()] == []


def test_dependabot_looks_after_every_pinned_action(definition):
    [actions] = [
        u for u in definition(GITHUB / "dependabot.yml")["updates"] if u["package-ecosystem"] == "github-actions"
    ]
    assert {f"/{path.parent.relative_to(GITHUB.parent)}" for path in FILES if path.parent.name != "workflows"} <= {
        *actions["directories"]
    }
