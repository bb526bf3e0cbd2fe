"""What the two options name together."""

import sys
from pathlib import Path

import pytest

from pytest_sdperf.base import target as module
from pytest_sdperf.base.interpreter import Interpreter
from pytest_sdperf.base.target import target_of
from pytest_sdperf.errors import ComparisonError

NEXT = Interpreter(Path("/next/bin/python"), "3.13.0", Path("/next"), (Path("/next/lib"),))


@pytest.fixture
def named(repository, monkeypatch):
    """The target that the options name in the repository, whose working tree differs from main."""
    asked = []

    def other_interpreter(value, rootdir, environ):
        asked.append((value, rootdir))
        return NEXT

    monkeypatch.setattr(module, "other_interpreter", other_interpreter)
    repository.write(pipeline="SPEED = 2\n")

    def named(against, python=None, environ=None):
        return target_of(against, python, repository.path, environ or {})

    named.asked = asked
    named.commit = repository.git("rev-parse", "HEAD")
    return named


def test_nothing(named):
    assert named(None) is None


def test_the_same_tree(named, tmp_path):
    target = named("self")
    assert (target.is_head, target.control) == (True, False)
    assert (target.label, target.head_label) == ("the same tree", "working tree")
    assert target_of("self", None, tmp_path, {}) == target, "no repository is needed"


def test_a_revision(named):
    target = named("main")
    short = named.commit[:10]
    assert (target.is_head, target.control, target.interpreter) == (False, False, None)
    assert target.revision.commit == named.commit
    assert target.label == f"main ({short})"
    assert target.head_label == f"working tree at {short} with uncommitted changes"


@pytest.mark.parametrize("against", ["main,self", " main , self ", "auto,self"])
def test_a_revision_with_a_control(named, against):
    target = named(against)
    assert (target.control, target.revision.commit) == (True, named.commit)


def test_the_environment_names_the_target_of_auto(named):
    with pytest.raises(ComparisonError, match="the pull request's target branch origin/release is not in this clone"):
        named("auto", environ={"GITHUB_BASE_REF": "release"})


def test_an_interpreter(named, tmp_path):
    target = named(None, "next")
    assert [value for value, _ in named.asked] == ["next"]
    assert (target.is_head, target.control, target.revision, target.head) == (False, False, None, None)
    assert (target.label, target.head_label) == ("/next/bin/python (3.13.0)", "working tree")
    assert named("self", "next").control
    assert target_of(None, "next", tmp_path, {}) == target, "no repository is needed"


def test_a_revision_under_another_interpreter(named):
    target = named("main", "next")
    assert (target.control, target.interpreter) == (False, NEXT)
    assert target.label == f"main ({named.commit[:10]}), /next/bin/python (3.13.0)"
    assert target.head_label.startswith("working tree at ")
    assert named("main,self", "next").control


@pytest.mark.parametrize("against", ["main,head", "main,self,self", "self,main,head"])
def test_several(named, against):
    with pytest.raises(ComparisonError) as caught:
        named(against)
    assert str(caught.value) == (
        f"{against!r} names several revisions [--sdperf-against]. Name one, or one and self (main,self)."
    )


@pytest.mark.parametrize("against", [",", " , "])
def test_commas_alone(named, against):
    with pytest.raises(ComparisonError) as caught:
        named(against)
    assert str(caught.value) == f"{against!r} names no revision [--sdperf-against]. Name one, or self for a control."


def test_the_real_interpreter_of_this_session_is_refused(repository):
    with pytest.raises(ComparisonError, match="base and head would be the same"):
        target_of(None, sys.executable, repository.path, {})
