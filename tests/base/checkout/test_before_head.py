"""What was there before the head: what CI says, the first parent, or nothing."""

import json

import pytest

from pytest_sdperf.base.checkout.before_head import base_of
from pytest_sdperf.base.checkout.revision import head_of

NOBODY = "0" * 40


@pytest.fixture
def commits(repository):
    """Hashes of three commits on main, the newest last, and none uncommitted."""
    return [repository.git("rev-parse", "HEAD"), repository.commit("second"), repository.commit("third")]


def base(repository, name="main", environ=None):
    return base_of(name, head_of(repository.path, "--sdperf-against"), environ or {})


@pytest.mark.parametrize("name", ["main", "auto", "HEAD", "hash"])
def test_the_first_parent_is_the_base_of_the_head(repository, commits, name):
    named = commits[2] if name == "hash" else name
    found = base(repository, named)
    assert found.revision.commit == commits[1]
    assert found.revision.label == f"the previous commit ({commits[1][:10]})"
    assert found.revision.where == f"--sdperf-against={named}"
    words = {"auto": f"merge-base with main ({commits[2][:10]})", "hash": commits[2][:10]}
    label = words.get(name, f"{name} ({commits[2][:10]})")
    assert found.note == f"{label} is what is checked out, so the base is {found.revision.label}"


def test_of_a_merge_it_is_what_was_merged_into(repository, commits):
    repository.git("checkout", "--quiet", "-b", "side", commits[0])
    repository.commit("aside", other="")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "side")
    assert base(repository).revision.commit == commits[2]


def test_another_revision_is_the_base_itself(repository, commits):
    found = base(repository, "HEAD~1")
    assert (found.revision.commit, found.revision.name, found.note) == (commits[1], "HEAD~1", "")


@pytest.mark.parametrize(
    ("ci", "file", "is_edited"),
    [
        ({}, "untracked", True),
        ({"CI": "true"}, "untracked", False),
        ({"BUILD_NUMBER": "7"}, "untracked", False),
        ({"CI": "true"}, "pipeline", True),
    ],
)
def test_what_a_job_makes_in_ci_is_no_change_of_the_head(repository, commits, ci, file, is_edited):
    repository.write(**{file: "SPEED = 2\n"})
    assert base(repository, environ=ci).revision.commit == commits[2 if is_edited else 1]


def github(tmp_path, commits, **event):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    return {"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": commits[2], "GITHUB_EVENT_PATH": str(path)}


def test_what_was_there_before_the_push(repository, commits, tmp_path):
    for environ in (
        github(tmp_path, commits, before=commits[0]),
        {"CI_COMMIT_SHA": commits[2], "CI_COMMIT_BEFORE_SHA": commits[0]},
    ):
        found = base(repository, environ=environ).revision
        assert found.label == f"the commit before the push ({commits[0][:10]})"
    found = base(repository, environ={"GIT_COMMIT": commits[2], "GIT_PREVIOUS_COMMIT": commits[0]}).revision
    assert found.label == f"the commit of the previous build ({commits[0][:10]})"


def test_what_ci_says_of_another_commit_or_of_a_forced_push_is_passed_over(repository, commits, tmp_path):
    repository.git("checkout", "--quiet", "-b", "side", commits[0])
    replaced = repository.commit("aside")
    repository.git("checkout", "--quiet", "main")
    event = github(tmp_path, commits, before=commits[0])
    for environ in (
        github(tmp_path, commits, before=replaced),
        github(tmp_path, commits, before=NOBODY),
        github(tmp_path, commits, before=commits[2]),
        github(tmp_path, commits, before=7),
        {**event, "GITHUB_SHA": commits[1]},
        {**event, "GITHUB_EVENT_NAME": "pull_request"},
        {**event, "GITHUB_EVENT_PATH": str(tmp_path)},
        {"CI_COMMIT_SHA": commits[2], "CI_COMMIT_BEFORE_SHA": NOBODY},
        {"CI_COMMIT_SHA": commits[1], "CI_COMMIT_BEFORE_SHA": commits[0]},
        {"GIT_COMMIT": commits[2]},
    ):
        assert base(repository, environ=environ).revision.commit == commits[1], environ


def test_nothing_was_there_before_the_first_commit(repository):
    short = repository.git("rev-parse", "HEAD")[:10]
    found = base(repository)
    assert (found.revision, found.found.label) == (None, f"main ({short})")
    assert found.note == f"main ({short}) is what is checked out, and it is the first commit"


def test_a_shallow_clone_holds_nothing_before(repository, commits, tmp_path):
    found = base(repository.clone(tmp_path / "clone", "--depth=1"))
    assert found.revision is None
    assert found.note == (
        f"main ({commits[2][:10]}) is what is checked out, and this shallow clone holds no earlier commit "
        "(in GitHub Actions, give actions/checkout `fetch-depth: 2`)"
    )
