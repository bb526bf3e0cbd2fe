"""Stored baselines know their program: the same again passes in one process, another one is measured next to it."""

import os

import pytest

from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.one_python,
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")
"""Far from what a busy machine adds to a nap of 10 ms."""


@pytest.fixture
def recorded(make_repository, project):
    """A repository whose last commit holds a baseline of a ship of 20 ms a picture."""
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    project.conftest(CONFTEST)
    project.harbour(NAP_S=0.01)
    project.record("--sdperf-rounds=3")
    repository.commit("recorded")
    return repository


def latency(project):
    """The finding of the only outcome of the last run."""
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    return outcome, outcome.verdict.findings[0]


def test_the_same_program_passes_in_one_process(project, recorded, told):
    result = project.run(*LOOSE)
    result.assert_outcomes(passed=1)
    outcome, found = latency(project)
    assert (found.status.value, len(outcome.measurement.processes)) == ("PASSED", 1)
    assert (found.same.modules, found.same.has_model) == (1, False)
    assert outcome.comparison is None
    run = project.jobs()[0]
    assert run.program.places == {"harbour": "harbour.py"}
    assert run.program.unknown == []


def test_one_process_shows_a_promised_factor_that_is_far_from_its_limit(project, make_repository):
    make_repository(path=project.path)
    project.conftest(
        CONFTEST.replace(
            "needs_model=False)]",
            'needs_model=False), Variant("boat", "harbour:build", reference="ship", needs_model=False)]',
        )
    )
    project.harbour(NAP_S=0.01)
    project.test(
        """
        import pytest
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=4)
        @pytest.mark.sdperf(min_speedup=("ship", "0.1x"))
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=4)
        """
    )
    project.record("--sdperf-rounds=2", "--sdperf-processes=2")
    project.run(*LOOSE)
    outcomes = read((project.path / "out.json").read_text()).outcomes
    assert [len(outcome.measurement.processes) for outcome in outcomes] == [1, 1]


EDITOR = """
import pathlib, subprocess, threading

def pytest_configure(config):
    config.closed = threading.Event()
    place = pathlib.Path(__file__).parent / READ
    def look():
        while not config.closed.wait(0.02):
            place.read_text()
            [*place.parent.iterdir()]
            subprocess.run(["git", "status"], cwd=config.rootpath, stdout=subprocess.DEVNULL)
    config.editor = threading.Thread(target=look)
    config.editor.start()

def pytest_unconfigure(config):
    config.closed.set()
    config.editor.join()
"""
"""Reads a file, lists its folder and asks git all the time, as editors and prompts do."""


@pytest.mark.parametrize("looked_in", ["the first", "the second"])
@pytest.mark.parametrize("is_changed", [False, True])
def test_what_others_open_meanwhile_is_no_part_of_it_unless_it_changed(project, make_repository, looked_in, is_changed):
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\nconftest.py\nbaselines\n")
    (project.path / "docs").mkdir()
    notes = project.path / "docs/notes.txt"
    notes.write_text("calm")
    project.harbour(NAP_S=0.01)
    repository.commit("all")
    editor = EDITOR.replace("READ", "'docs/notes.txt'")
    project.conftest(CONFTEST + (editor if looked_in == "the first" else ""))
    project.record("--sdperf-rounds=3")
    project.conftest(CONFTEST + (editor if looked_in == "the second" else ""))
    if is_changed:
        notes.write_text("storm")
    project.run(*LOOSE, "--sdperf-escalate=off")
    _, found = latency(project)
    assert (found.same is None) == is_changed
    if is_changed:
        assert found.changed_because == "file docs/notes.txt differs"


def test_it_is_measured_where_that_is_asked_for(project, recorded):
    project.run(*LOOSE, "--sdperf-identical=measure", "--sdperf-escalate=off")
    outcome, found = latency(project)
    assert len(outcome.measurement.processes) >= 2
    assert found.same is not None


def test_another_program_is_measured_next_to_what_was_recorded(project, recorded, told):
    project.harbour(NAP_S=0.025)
    at = recorded.git("rev-parse", "HEAD")[:10]
    result = project.run(*LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"slower than the recorded program ({at})'s ",
        "not the same program as the base: module harbour differs",
    )
    assert recorded.worktrees() == [str(project.path)]


def test_unless_it_is_switched_off(project, recorded, told):
    project.harbour(NAP_S=0.01, WORD=1)
    project.run(*LOOSE, "--sdperf-escalate=off")
    outcome, found = latency(project)
    assert outcome.comparison is None
    assert found.changed_because == "module harbour differs"


def test_a_revision_that_is_gone_is_said(project, recorded, told):
    """The baseline was recorded of files that no commit has."""
    project.harbour(NAP_S=0.01, WORD=1)
    project.run("--sdperf-update=all", "--sdperf-rounds=3")
    project.harbour(NAP_S=0.01, WORD=2)
    result = project.run(*LOOSE)
    outcome, found = latency(project)
    assert outcome.comparison is None
    assert found.not_escalated_because.startswith("no revision in this clone has the files that were recorded")
    told(result, "no revision in this clone has the files that were recorded: fetch the history")


def test_without_git_nothing_is_measured_next_to_it(project, told):
    project.conftest(CONFTEST)
    project.harbour(NAP_S=0.01)
    project.record("--sdperf-rounds=3")
    project.harbour(NAP_S=0.01, WORD=1)
    project.run(*LOOSE)
    outcome, found = latency(project)
    assert outcome.comparison is None
    assert "so nothing can be measured side by side with what was recorded" in found.not_escalated_because


@pytest.mark.parametrize(
    ("what", "because"),
    [
        ("file", "file sail.txt differs"),
        ("new", "the names of the tree's files differ"),
        ("conftest", "the variable SHIP_NAP_S differs"),
        ("outside", "chart.txt differs"),
    ],
)
def test_what_makes_another_program(project, make_repository, monkeypatch, tmp_path, what, because):
    make_repository(path=project.path)
    away = tmp_path / "chart.txt"
    away.write_text("1")
    project.conftest("import os\nos.environ['SHIP_NAP_S'] = '0.01'\n" + CONFTEST)
    with (project.path / "harbour.py").open("a") as file:
        file.write(
            "\nfrom pathlib import Path\n"
            "Path(__file__).with_name('sail.txt').read_text()\n"
            f"Path({str(away)!r}).read_text()\n"
        )
    (project.path / "sail.txt").write_text("red")
    project.record("--sdperf-rounds=3")
    monkeypatch.delenv("SHIP_NAP_S")  # which the inner session left to this process
    match what:
        case "file":
            (project.path / "sail.txt").write_text("blue")
        case "new":
            (project.path / "rudder.cfg").write_text("")
        case "conftest":
            project.conftest("import os\nos.environ['SHIP_NAP_S'] = '0.011'\n" + CONFTEST)
        case "outside":
            away.write_text("2")
    project.run(*LOOSE, "--sdperf-escalate=off")
    _, found = latency(project)
    assert found.same is None
    assert because in found.changed_because
