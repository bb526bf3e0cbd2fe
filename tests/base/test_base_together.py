"""From a revision's name to two workers that provably run their own code: real git, real pytest, real workers."""

import contextlib
import dataclasses
import os

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.base.checkout.revision import find, head_of
from pytest_sdperf.base.checkout.worktree import checked_out
from pytest_sdperf.base.collecting import declared_in, passed_on, paths_of
from pytest_sdperf.base.declaration import same_declaration
from pytest_sdperf.base.interpreter import folder_with_our_package, this_interpreter
from pytest_sdperf.base.mapping import map_place
from pytest_sdperf.base.provenance import wrong_code
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.variant import Launch, Variant

PIPELINE = """
import os, sys
import service.engine
SAILS = {sails}
def build(context): ...
def look():
    files = {{name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}}
    return {{"sails": SAILS, "rum": os.environ.get("RUM"), "cwd": os.getcwd(), "files": files}}
"""

CONFTEST = """
from pytest_sdperf import Launch, Variant
def pytest_sdperf_variants():
    return [Variant("ship", "service.pipeline:build", launch=Launch(env=dict(RUM={rum!r})))]
"""

SHIP = Variant("ship", "service.pipeline:build", launch=Launch(env={"RUM": "much"}))


@pytest.fixture
def project(repository):
    """A service in src/ of which the working tree has another speed and another launch than main."""
    files = {"src__service____init__": "", "src__service__engine": "", "tests__test_it": "import no_such_thing\n"}
    repository.commit(**files, src__service__pipeline=PIPELINE.format(sails=1), conftest=CONFTEST.format(rum="little"))
    repository.git("checkout", "--quiet", "-b", "faster")
    repository.commit("faster", src__service__pipeline=PIPELINE.format(sails=2), conftest=CONFTEST.format(rum="much"))
    repository.write(src__service__pipeline=PIPELINE.format(sails=3))
    return repository


@contextlib.contextmanager
def two_arms(project, tmp_path, sys_path, environ):
    """What a session does; gives what each arm's worker says, the base's variant, and the complaint."""
    head = head_of(project.path, "--sdperf-against")
    revision = find("auto", head, environ)
    with checked_out(revision, tmp_path / "work") as tree:
        trees = Trees(head.toplevel, tree, this_interpreter().own)
        place = map_place(trees, cwd=project.path / "tests", rootdir=project.path, sys_path=sys_path, environ=environ)
        declaration = declared_in(
            place,
            trees,
            revision.label,
            asked_by="--sdperf-against",
            paths=paths_of(["tests/test_it.py::test_ship"], project.path, trees),
            options=passed_on([("-p", "no:logging")], trees, project.path),
            folder=tmp_path / "work" / "declared",
        )
        variant = declaration.get("ship")
        of_head = Launcher(environ, cpus=(), find_library=lambda name: None, extra_sys_path=tuple(sys_path))
        of_base = dataclasses.replace(of_head, base_env=place.env, extra_sys_path=place.sys_path, cwd=place.cwd)
        seen = []
        for arm, launcher, launch in (("head", of_head, SHIP.launch), ("base", of_base, variant.launch)):
            with launcher(launch, log_path=tmp_path / f"{arm}.log", timeout_s=60) as worker:
                seen.append(worker.ask(protocol.Call("service.pipeline:look"), protocol.Called).value)
        complaint = wrong_code(SHIP.factory, seen[0]["files"], seen[1]["files"], trees)
        yield tree, seen, variant, complaint


@pytest.fixture
def environ(tmp_path):
    package = folder_with_our_package(tmp_path / "package")
    return {
        "PYTHONPATH": str(package), "PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def test_each_arm_runs_its_own_code(project, tmp_path, environ):
    sys_path = (str(project.path / "src"), str(project.path))
    with two_arms(project, tmp_path, sys_path, environ) as (tree, (head, base), variant, complaint):
        assert complaint is None
        assert (head["sails"], head["rum"]) == (3, "much")
        assert (base["sails"], base["rum"], base["cwd"]) == (1, "little", str(tree / "tests"))
        assert not same_declaration(SHIP, variant)
    assert project.worktrees() == [str(project.path)]


def test_an_editable_install_alone_leads_to_the_working_tree(project, tmp_path, environ):
    """Its folder stands in site-packages, out of reach of the mapping: here, in a PYTHONPATH entry with a link."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "service").symlink_to(project.path / "src" / "service")
    environ["PYTHONPATH"] += os.pathsep + str(tmp_path / "site")
    with two_arms(project, tmp_path, (str(project.path),), environ) as (_, (head, base), _variant, complaint):
        assert head["sails"] == base["sails"] == 3
        assert str(complaint) == (
            "the factory's module service.pipeline of the base comes from the working tree "
            f"({tmp_path / 'site'}), not from the revision [--sdperf-against]. "
            "Add its source folder to pytest's `pythonpath`, which is mapped into the revision."
        )
