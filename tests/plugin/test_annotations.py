"""Annotations under GitHub Actions: on the test's line, relative to the repository's root."""

import pytest

TEST = """
import pytest

@pytest.mark.sdperf(inconclusive="warn")
def test_ship(sd_ship):
    sd_ship.check(num_inference_steps=2)
"""


@pytest.fixture
def commands(project, monkeypatch):
    """The workflow commands that a run prints; the workspace is the project's folder, or one above it."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path))
    (project.path / "test_it.py").write_text(TEST)

    def commands(*args):
        result = project.run(*args)
        return [line for line in result.outlines if line.lstrip().startswith("::")]

    return commands


def test_a_failure_is_an_error_on_its_test(commands):
    [line] = commands()
    assert line.startswith(
        "::error file=test_it.py,line=4,title=sdperf%3A ship NO BASELINE::ship: latency NO BASELINE: "
    )


def test_quiet_runs_are_annotated_too(commands):
    assert len(commands("-q")) == 1
    assert len(commands("-qq", "--no-header")) == 1


def test_what_is_inconclusive_is_a_warning(commands, project, weather):
    project.record()
    weather.step_ns["ship"] = 1_100_000
    [line] = commands()
    assert line.startswith("::warning file=test_it.py,line=4,title=sdperf%3A ship INCONCLUSIVE::ship: latency ")


def test_what_passes_is_not_told(commands, project):
    assert commands("--sdperf-update=new") == []


def test_a_rootdir_below_the_repository(commands, project, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path.parent))
    [line] = commands()
    assert line.startswith(f"::error file={project.path.name}/test_it.py,line=4,")


@pytest.mark.parametrize("workspace", [None, "/elsewhere"])
def test_a_rootdir_elsewhere(commands, project, monkeypatch, workspace):
    if workspace:
        monkeypatch.setenv("GITHUB_WORKSPACE", workspace)
    else:
        monkeypatch.delenv("GITHUB_WORKSPACE")
    [line] = commands()
    assert line.startswith(f"::error file={project.path}/test_it.py,line=4,")


@pytest.mark.parametrize("value", [None, "false", ""])
def test_only_under_github_actions(commands, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("GITHUB_ACTIONS")
    else:
        monkeypatch.setenv("GITHUB_ACTIONS", value)
    assert commands() == []


def test_a_worker_that_fails_commands_nothing(project, monkeypatch, commands, told):
    """What a library prints in a worker is quoted in the test's section."""
    from pytest_sdperf.errors import WorkerError
    from pytest_sdperf.measure import alone

    def sample(*_, **__):
        raise WorkerError("the worker died", cure="Fix it.", log_tail="::error::hello\n  ::warning::you\n##[error]x")

    monkeypatch.setattr(alone, "sample", sample)
    [own] = commands("-rA")
    assert (
        own
        == "::error file=test_it.py,line=4,title=sdperf%3A ship NOT MEASURED::ship: not measured: the worker died. Fix it."
    )
    told(project.run(), "\\x3a:error::hello\n  \\x3a:warning::you\n\\x23#[error]x\n")
