"""Setting up the base arm: its tree, what starts its workers, and that all of it is gone at the end."""

import contextlib
import dataclasses
import os
from pathlib import Path

import pytest

from pytest_sdperf.base import set_up as module
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.interpreter import Interpreter
from pytest_sdperf.base.set_up import BaseSide, Invocation, set_up_base
from pytest_sdperf.base.target import Target, target_of
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.hardware.libraries import find_library
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.variant import Variant

DECLARATION = Declaration((Variant("ship", "harbour:build"),), {})
NEXT = Interpreter(Path("/next/bin/python"), "3.13.0", Path("/next"), (Path("/next/lib"),))


@pytest.fixture
def project(repository):
    """A service in src/; the working tree has changed."""
    repository.commit("service", src__service="", tests__conftest="")
    (repository.path / "model").mkdir()
    (repository.path / "model" / "weights").write_text("old")
    repository.commit("model")
    repository.write(pipeline="SPEED = 2\n", extra__new="")
    return repository


@pytest.fixture
def asked(monkeypatch):
    """What the process that collects the base's variants would be asked for."""
    asked = {}

    def declared_in(place, trees, label, **keywords):
        asked.update(place=place, trees=trees, label=label, **keywords)
        return DECLARATION

    monkeypatch.setattr(module, "declared_in", declared_in)
    return asked


@pytest.fixture
def launcher(project):
    environ = {"PATH": os.environ["PATH"], "VIRTUAL_ENV": "/this", "PYTHONPATH": str(project.path / "src")}
    folders = (str(project.path / "src"), str(project.path), str(project.path / "extra"))
    return Launcher(environ, cpus=(3,), find_library=lambda name: None, extra_sys_path=folders)


@pytest.fixture
def made(project, launcher, tmp_path, asked):
    """Make the base arm for what the options name; closed at the end of the test, or by ``made.stack``."""
    with contextlib.ExitStack() as stack:

        def made(against, interpreter=None):
            target = target_of(against, None, project.path, {})
            target = target or Target(None, None, None, control=False)
            invocation = Invocation(
                project.path / "tests", [str(project.path / "tests/test_it.py::test_ship")], [("-p", "no:logging")]
            )
            return set_up_base(
                dataclasses.replace(target, interpreter=interpreter),
                launcher,
                invocation,
                rootdir=project.path,
                work_dir=tmp_path / "arms",
                stack=stack,
                show=print,
            )

        made.stack = stack
        yield made


def test_the_same_tree_needs_nothing(made, launcher, project, tmp_path):
    target = Target(None, None, None, control=False)
    assert made("self") == BaseSide(target, launcher, None, None, None)
    assert not (tmp_path / "arms").exists()


def test_a_revision_runs_in_a_tree_of_its_own(made, launcher, project, asked):
    arm = made("main")
    tree = arm.trees.base
    assert tree.name.startswith(f"sdperf-base-{arm.target.revision.commit[:10]}-")
    assert (tree / "pipeline.py").read_text() == "SPEED = 1\n"
    assert arm.trees.head == project.path
    assert arm.launcher.extra_sys_path == (str(tree / "src"), str(tree)), "what the revision lacks is left out"
    assert arm.launcher.cwd == tree / "tests"
    assert arm.launcher.base_env["PYTHONPATH"] == str(tree / "src")
    assert (arm.launcher.cpus, arm.launcher.interpreter) == (launcher.cpus, launcher.interpreter)
    assert arm.declaration is DECLARATION
    assert asked["label"] == arm.target.revision.label
    assert asked["paths"] == [str(project.path / "tests/test_it.py")]
    assert asked["options"] == ["-p", "no:logging"]
    assert (asked["place"].cwd, asked["place"].rootdir) == (tree / "tests", tree)
    assert (arm.rootdir, asked["tests"], arm.notes) == (tree, True, ())


def test_tree_and_exports_are_gone_at_the_end(made, project, tmp_path):
    arm = made("main")
    assert arm.cache_dir.is_relative_to(tmp_path)
    arm.cache_dir.mkdir()
    (arm.cache_dir / "export").write_text("gigabytes")
    made.stack.close()
    assert not arm.cache_dir.exists()
    assert not arm.trees.base.exists()
    assert project.worktrees() == [str(project.path)]


def test_the_tree_is_gone_where_nothing_can_be_collected(made, project, monkeypatch):
    def declared_in(*args, **keywords):
        raise ComparisonError("pytest cannot collect there", cure="Fix it.")

    monkeypatch.setattr(module, "declared_in", declared_in)
    with pytest.raises(ComparisonError, match="pytest cannot collect there"):
        made("main")
    made.stack.close()
    assert project.worktrees() == [str(project.path)]


def test_tests_that_cannot_be_collected_are_left_out_and_named(made, asked, monkeypatch):
    """A test module may need what only the head has; the variants are declared by conftests."""
    wanted = []

    def declared_in(*args, tests=False, **keywords):
        wanted.append(tests)
        if tests:
            raise ComparisonError("the variants that main declares cannot be collected: no yard", cure="Fix it.")
        return DECLARATION

    monkeypatch.setattr(module, "declared_in", declared_in)
    arm = made("main")
    assert wanted == [True, False]
    assert arm.declaration is DECLARATION
    assert arm.notes == (
        "the variants that main declares cannot be collected: no yard; so which model the tests of "
        f"{arm.target.revision.label} ask for, and which of them this run did not judge, is not known",
    )


def test_another_interpreter_runs_the_same_tree(made, launcher, project, tmp_path, asked):
    arm = made(None, NEXT)
    assert asked == {}, "the head's variants are meant"
    assert (arm.trees.head, arm.trees.base, arm.declaration) == (project.path, project.path, None)
    assert Path("/next") in arm.trees.own
    assert arm.launcher.interpreter == "/next/bin/python"
    looked_for = arm.launcher.find_library
    assert (looked_for.func, looked_for.keywords) == (
        find_library,
        {"prefix": Path("/next"), "packages": [str(folder) for folder in NEXT.libraries]},
    )
    assert "VIRTUAL_ENV" not in arm.launcher.base_env
    package = str(tmp_path / "arms" / "package")
    assert arm.launcher.extra_sys_path == (*launcher.extra_sys_path, package), "ours comes last"
    assert arm.launcher.cwd is None
    assert arm.cache_dir is not None


def test_a_revision_under_another_interpreter(made, tmp_path):
    arm = made("main", NEXT)
    tree = arm.trees.base
    assert arm.launcher.extra_sys_path == (str(tree / "src"), str(tree), str(tmp_path / "arms" / "package"))
    assert (arm.launcher.cwd, arm.launcher.interpreter) == (tree / "tests", "/next/bin/python")
    assert Path("/next") in arm.trees.own


class TestPathsOfPyargs:
    """Modules that `--pyargs` found, as the base is asked for them."""

    @pytest.fixture
    def paths(self, project, tmp_path):
        def paths(place, module):
            target = target_of("main", None, project.path, {})
            invocation = Invocation(project.path, [str(place)], modules={str(place): module})
            return invocation.paths_for(Trees(project.path, tmp_path / "base"), target.revision)

        return paths

    def test_a_module_of_the_working_tree(self, paths, project):
        assert paths(project.path / "tests", "tests") == [str(project.path / "tests")]

    def test_an_installed_one_that_the_repository_has_not(self, paths):
        assert paths("/site-packages/numpy", "numpy") == ["/site-packages/numpy"]

    @pytest.mark.parametrize(
        ("name", "file", "ours"),
        [
            ("service", "src/service.py", "src/service.py"),
            ("fleet.checks", "lib/fleet/checks/__init__.py", "lib/fleet/checks"),
        ],
    )
    def test_an_installed_copy_of_what_the_repository_has_is_refused(self, paths, project, name, file, ours):
        (project.path / file).parent.mkdir(parents=True, exist_ok=True)
        (project.path / file).touch()
        project.commit("service")
        with pytest.raises(ComparisonError) as raised:
            paths("/site-packages/copy.py", name)
        assert str(raised.value).startswith(
            f"the argument '{name}' (--pyargs) leads to /site-packages/copy.py, which is installed and not the "
            f"repository's own {ours}, so that "
        )
        assert str(raised.value).endswith(
            "'s tests cannot be collected by that name [--sdperf-against=main]. "
            f"Name the path {ours} in place of --pyargs, or install in editable mode (pip install -e .)."
        )
