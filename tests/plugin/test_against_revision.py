"""--sdperf-against=REV from end to end: real git, real workers that provably run their own code, no trace left.

A picture sleeps rather than computes: how long it takes is then told by the code, whatever else the machine does.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pytest_sdperf
from pytest_sdperf.report.json import read
from pytest_sdperf.stats.boundary import FEWEST_PAIRS

pytestmark = [
    pytest.mark.one_python,
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

CONFTEST = """
from pytest_sdperf import Launch, Variant

def pytest_sdperf_variants():
    launch = Launch(env={0})
    return [Variant("ship", "harbour:build", reference=None, needs_model=False, launch=launch)]
"""
LOOSE = (
    *("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json"),
    "--sdperf-identical=measure",
)
"""Far from what a busy machine adds to a nap of 10 ms, or takes from one twice as long; what is the same is measured."""


@pytest.fixture
def repository(make_repository, project):
    """Main has a ship of 20 ms a picture; the working tree is on a branch."""
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    project.conftest(CONFTEST.format({}))
    project.harbour(NAP_S=0.01)
    repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "head")
    return repository


@pytest.fixture
def outcome(project):
    """The only outcome of the last run."""

    def outcome():
        [found] = read((project.path / "out.json").read_text()).outcomes
        return found

    return outcome


def test_slower_code_is_caught_and_the_stage_named(project, repository, outcome, told):
    project.harbour(NAP_S=0.025)
    at = repository.git("rev-parse", "HEAD")[:10]
    result = project.run("--sdperf-against=main", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"sdperf: working tree at {at} with uncommitted changes side by side with main ({at})",
        "ship: latency REGRESSED: ",
        f"slower than main ({at})'s ",
        " pairs; up to 20 % is ignored)",
        f"base: main ({at}); head: working tree at {at} with uncommitted changes",
        "stage: unet ",
        "picture   PASSED: 4 pictures, identical to the base's picture",
        f"against main ({at})'s ",
    )
    comparison = outcome().comparison
    assert comparison.head.modules["harbour"] == str(project.path / "harbour.py")
    base = Path(comparison.base.modules["harbour"])
    assert base.parent.name.startswith(f"sdperf-base-{at}-")
    assert not base.parent.exists()
    assert repository.worktrees() == [str(project.path)]


def test_equal_code_passes_beside_a_revision_and_beside_itself(project, repository, outcome, told):
    commit = repository.commit("words", notes="")
    result = project.run("--sdperf-against=main,self", *LOOSE)
    result.assert_outcomes(passed=1)
    told(result, f"sdperf: working tree at {commit[:10]} side by side with main (", "PASSED")
    found = outcome()
    assert [(f.part, f.status.value) for f in found.verdict.findings][:2] == [
        ("latency", "PASSED"),
        ("control", "PASSED"),
    ]
    assert all(len(measured.kept) >= FEWEST_PAIRS for measured in (found.comparison, found.control))
    assert (found.control.base.label, found.control.head.label) == ("the same tree", f"working tree at {commit[:10]}")
    told(result, f"sdperf: ship: working tree at {commit[:10]} side by side with the same tree")
    assert found.control.base.modules["harbour"] == str(project.path / "harbour.py")
    assert repository.worktrees() == [str(project.path)]


def test_an_ini_that_names_the_opponent_is_the_bases_too(project, repository, outcome):
    """The base is collected in a clean tree of what it would be compared with."""
    project.ini(sdperf="true", against="main", ignore="20%", must_catch="60%", rounds="3", json="out.json")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a gate")
    repository.git("branch", "--force", "main")
    (project.path / "notes").write_text("")
    project.run(sdperf=False).assert_outcomes(passed=1)
    assert len(outcome().comparison.kept) >= FEWEST_PAIRS


def test_another_launch_is_seen_and_so_is_another_picture(project, repository, outcome, told):
    project.conftest(CONFTEST.format({"SHIP_NAP_S": "0.025", "SHIP_FAULT": "other", "OMP_NUM_THREADS": "1"}))
    commit = repository.commit("other launch")
    result = project.run("--sdperf-against=auto", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"sdperf: working tree at {commit[:10]} side by side with merge-base with main (",
        "ship: latency REGRESSED: ",
        "; picture BROKEN: ",
        "against the base's picture",
        "environment: OMP_NUM_THREADS not set -> 1",
    )


@pytest.fixture
def outside(project, repository, tmp_path, monkeypatch):
    """A folder on PYTHONPATH outside of the tree; the pipeline is imported from there, as ``port``."""
    site = tmp_path.resolve() / "site"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    project.conftest(CONFTEST.format({}).replace("harbour:", "port:"))
    repository.commit("elsewhere", src__port="from harbour import build\n")
    repository.commit("head", notes="")
    return site


def test_a_base_that_runs_the_heads_code_is_refused(project, outside, outcome, told):
    """As with an editable install, which leads into the working tree from outside."""
    (outside / "port.py").symlink_to(project.path / "src" / "port.py")
    result = project.run("--sdperf-against=HEAD~1", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: the factory's module port of the base comes from the working tree "
        f"({project.path / 'src'}), not from the revision [--sdperf-against]. Add its source folder to pytest's "
        "`pythonpath`, which is mapped into the revision",
        "accept    nothing was compared: read what latency says, then run again",
        "picture   NO BASELINE: ",
    )
    assert len(outcome().comparison.pairs) == 1, "it ends as soon as that is seen"


def test_installed_code_is_refused(project, outside, told):
    (outside / "port.py").write_text("from harbour import build\n")
    result = project.run("--sdperf-against=HEAD~1", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"ship: latency INVALID ENVIRONMENT: the factory's module port comes from {outside} in base and head, not from the "
        "revisions [--sdperf-against]. Install the project in editable mode (pip install -e .) or add its source folder",
    )


def test_a_factory_that_calls_installed_code_is_refused(project, repository, tmp_path, monkeypatch, told):
    """It is of the tree itself, but what the tree has of the rest did not run."""
    site = tmp_path.resolve() / "site"
    site.mkdir()
    (site / "rigging.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    (project.path / "harbour.py").write_text((project.path / "harbour.py").read_text() + "\nimport rigging\n")
    repository.commit("rigged", src__rigging="")
    repository.commit("head", src__rigging="SAILS = 3\n")
    result = project.run("--sdperf-against=HEAD~1", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: base and head run installed code in place of the revisions': rigging "
        f"({site / 'rigging.py'}) [--sdperf-against]. Install the project in editable mode (pip install -e .) or add its",
    )


def test_a_base_that_cannot_be_built_hides_nothing_of_the_head(project, repository, outcome, told):
    good = (project.path / "harbour.py").read_text()
    repository.commit(
        "sunk", harbour=good.replace("return Ship(", "raise ValueError('the mast broke')\n    return Ship(")
    )
    project.harbour(NAP_S=0.01)
    result = project.run("--sdperf-against=HEAD", *LOOSE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: the base cannot run: ",
        "ValueError: the mast broke",
        "picture   NO BASELINE: ",
        "memory    INVALID ENVIRONMENT: the base was not measured, so growth is not judged",
    )
    assert repository.worktrees() == [str(project.path)]


def test_a_head_that_cannot_be_built_is_not_the_bases_fault(project, repository, told):
    good = (project.path / "harbour.py").read_text()
    (project.path / "harbour.py").write_text(
        good.replace("return Ship(", "raise ValueError('the mast broke')\n    return Ship(")
    )
    result = project.run("--sdperf-against=main", *LOOSE)
    result.assert_outcomes(failed=1)
    told(result, "ValueError: the mast broke")
    assert "the base arm" not in result.stdout.str()
    assert repository.worktrees() == [str(project.path)]


@pytest.mark.parametrize("again_s", [None, 0.02, 0.1])
def test_an_interrupted_session_leaves_no_tree(project, repository, tmp_path, default_sigint, again_s):
    """Ctrl-C while pairs are measured, and once more, after a while, by somebody in a hurry."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(Path(pytest_sdperf.__file__).parents[1]),
        "PYTHONUNBUFFERED": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    with (project.path / "conftest.py").open("a") as conftest:  # other sessions on this host are not waited for
        conftest.write(f"""
import pathlib
from pytest_sdperf.launch import host_lock
host_lock._shared_folder = lambda: pathlib.Path({str(tmp_path)!r})
""")
    project.harbour(NAP_S=0.025)
    ours = ["-p", "pytest_sdperf.plugin.hooks", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base")]
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *ours, "--sdperf", "--sdperf-against=main", *LOOSE, "--sdperf-timeout=60s"],
        cwd=project.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=default_sigint,  # noqa: PLW1509 -- nothing but this one call between fork and exec
    ) as session:  # fmt: skip
        said = []
        for line in session.stdout:
            said.append(line)
            if "pair 1 of" in line:
                break
        assert session.poll() is None, "".join(said)
        assert len(repository.worktrees()) == 2
        os.killpg(session.pid, signal.SIGINT)
        if again_s is not None:
            time.sleep(again_s)
            os.killpg(session.pid, signal.SIGINT)
        said += session.communicate(timeout=60)[0]
    assert session.returncode == pytest.ExitCode.INTERRUPTED or again_s, "".join(said)
    assert repository.worktrees() == [str(project.path)]
    assert not list(tmp_path.rglob("sdperf-base-*"))
