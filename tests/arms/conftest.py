"""Real git repositories in temporary folders, untouched by the settings of whoever runs the tests."""

import os
import subprocess

import pytest

QUIET = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false")


class Repository:
    """A repository with a working tree."""

    def __init__(self, path):
        self.path = path

    def git(self, *arguments):
        done = subprocess.run(
            ["git", *QUIET, *arguments], cwd=self.path, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files):
        """``write(a__b="text")`` writes a/b.py."""
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, message="change", **files):
        """Write, add everything and commit; returns the hash."""
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, path, *arguments):
        self.git("clone", "--quiet", *arguments, self.path.as_uri(), str(path))
        return Repository(path)

    def worktrees(self):
        """Folders that git knows as working trees of this repository."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch, tmp_path_factory):
    for name in [n for n in os.environ if n.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    settings = tmp_path_factory.mktemp("git") / "config"
    settings.write_text("[user]\n\tname = Cook\n\temail = cook@galley.example\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def make_repository(tmp_path):
    def make_repository(name="project"):
        path = tmp_path / name
        path.mkdir()
        repository = Repository(path.resolve())
        repository.git("init", "--quiet")
        return repository

    return make_repository


@pytest.fixture
def repository(make_repository):
    """One commit on main."""
    repository = make_repository()
    repository.commit("first", pipeline="SPEED = 1\n")
    return repository
