"""Workflows: pinned, without more rights than they need, and no text from outside in a shell."""

import re
import subprocess
from pathlib import Path

import pytest

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, GITHUB / "actions" / "sdperf" / "action.yml"]
TRUSTED = re.compile(r"\$\{\{ matrix\.\w+ \}\}")


def steps_of(read):
    if "runs" in read:
        return read["runs"]["steps"]
    return [step for job in read["jobs"].values() for step in job["steps"]]


def test_there_are_some():
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "gate.yml"]


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
    # YAML 1.1 takes the key `on` for a truth value.
    assert set(read[True]) == {"push", "pull_request"}
    for job in read["jobs"].values():
        assert "permissions" not in job
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


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
