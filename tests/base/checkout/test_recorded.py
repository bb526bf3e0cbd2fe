"""The revision that has what was recorded."""

import hashlib

import pytest

from pytest_sdperf.base.checkout.recorded import commit_with, unchanged_since
from pytest_sdperf.program import Program


def sha256(content):
    return hashlib.sha256(content).hexdigest()


CODE, DATA = b"A = 1\r\n", b"\xff\xfe\x00"
PROGRAM = Program(
    modules={"ship": sha256(CODE), "elsewhere": "0"},
    places={"ship": "src/ship.py"},
    files={"sea.bin": sha256(DATA), "data/": "names", "link (link)": "target"},
)


@pytest.fixture
def repository(make_repository):
    """Three commits; the second has what was recorded."""
    repository = make_repository()
    (repository.path / "src").mkdir()
    repository.commits = []
    for code, data in ((b"A = 0\n", DATA), (CODE, DATA), (CODE, b"other")):
        (repository.path / "src/ship.py").write_bytes(code)
        (repository.path / "sea.bin").write_bytes(data)
        repository.commits.append(repository.commit("next"))
    return repository


def test_the_first_candidate_that_has_every_file(repository):
    first, second, third = repository.commits
    assert commit_with(PROGRAM, repository.path, [first, second, third]) == second
    assert commit_with(PROGRAM, repository.path, ["HEAD~1"]) == second


def test_none_has(repository):
    first, _, third = repository.commits
    assert commit_with(PROGRAM, repository.path, [first, third, "", "0" * 40, "no-such"]) is None


def test_a_program_without_files_is_in_every_commit(repository):
    """As one of built-in variants only: nothing of the tree runs."""
    assert commit_with(Program(), repository.path, ["", repository.commits[0]]) == repository.commits[0]
    assert commit_with(Program(), repository.path, [""]) is None


def test_what_a_commit_has_as_it_is_now(repository):
    commit = repository.commits[1]
    (repository.path / "new.txt").write_text("new", encoding="utf-8")
    (repository.path / "new").mkdir()
    places = ["src/ship.py", "sea.bin", "src/", "new.txt", "new/", "gone.txt", "src"]
    assert unchanged_since(commit, repository.path, places) == {"src/ship.py", "src/"}
    (repository.path / "sea.bin").write_bytes(DATA)
    assert unchanged_since(commit, repository.path, ["sea.bin"]) == {"sea.bin"}
    (repository.path / "src/ship.py").unlink()
    assert unchanged_since(commit, repository.path, ["src/ship.py"]) == set()


def test_no_commit_has_nothing(repository):
    assert unchanged_since("0" * 40, repository.path, ["sea.bin"]) == set()
