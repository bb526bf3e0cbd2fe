"""Which files git ignores: in the repository, in its submodules, and in more than one command line takes."""

import pytest

from pytest_sdperf.base import git_ignored
from pytest_sdperf.base.git_ignored import ignored


@pytest.fixture
def tree(repository):
    repository.commit("ignores", _gitignore="")
    (repository.path / ".gitignore").write_text("*.bin\nbuild/\n")
    return repository


def test_files_and_folders(tree):
    names = ["a.bin", "a.txt", "build/b.txt", "gone/c.bin", "a b\n.bin"]
    assert ignored(str(tree.path), names) == {"a.bin", "build/b.txt", "gone/c.bin", "a b\n.bin"}


def test_nothing_is_asked_of_nothing(tmp_path):
    assert ignored(str(tmp_path / "no repository"), []) == set()


def test_what_git_tracks_is_not_ignored(tree):
    (tree.path / "kept.bin").touch()
    tree.git("add", "--force", "kept.bin")
    assert ignored(str(tree.path), ["kept.bin", "other.bin"]) == {"other.bin"}


def test_one_command_for_many(tree, monkeypatch):
    monkeypatch.setattr(git_ignored, "_BATCH", 2)
    monkeypatch.setattr(git_ignored, "_is_ignored", lambda path: pytest.fail("asked one by one"))
    names = [f"{number}.{end}" for number in range(3) for end in ("bin", "txt")]
    assert ignored(str(tree.path), names) == {"0.bin", "1.bin", "2.bin"}
    assert ignored(str(tree.path), ["0.txt"]) == set()


def test_a_submodule_has_rules_of_its_own(tree, make_repository):
    inner = make_repository("inner")
    inner.commit("first")
    (inner.path / ".gitignore").write_text("*.so\n")
    inner.commit("ignores")
    tree.git("submodule", "--quiet", "add", str(inner.path), "vendor")
    names = ["a.bin", "a.so", "vendor/a.so", "vendor/a.bin", "vendor/new/a.so"]
    assert ignored(str(tree.path), names) == {"a.bin", "vendor/a.so", "vendor/new/a.so"}
