import os
import select
import stat
import subprocess
import sys

import pytest

from pytest_sdperf.base.checkout import git as module
from pytest_sdperf.base.checkout.git import Answer, environment, git
from pytest_sdperf.errors import ComparisonError


def test_what_a_hook_sets_does_not_reach_git():
    given = {
        "PATH": "/bin", "LC_ALL": "de_DE.UTF-8", "GIT_DIR": "x", "GIT_INDEX_FILE": "x", "GIT_WORK_TREE": "x",
        "GIT_CONFIG_PARAMETERS": "'a.b=c'", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*", "GIT_CONFIG_GLOBAL": "/config",
    }  # fmt: skip
    seen = environment(given)
    assert {name for name in given if name not in seen} == {
        "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS",
    }  # fmt: skip
    assert seen["LC_ALL"] == "C"
    assert seen["GIT_TERMINAL_PROMPT"] == "0"


def test_a_repository_is_read_where_it_is(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git(repository.path, "rev-parse", "--show-toplevel") == Answer(0, f"{repository.path}\n", "")


def test_no_transport_is_used(repository, tmp_path):
    answer = git(tmp_path, "clone", repository.path.as_uri(), "copy")
    assert not answer.ok
    assert answer.reason == "transport 'file' not allowed"


@pytest.mark.parametrize(
    ("err", "reason"),
    [
        ("Preparing worktree\nfatal: no space\nmore", "no space"),
        ("error: bad\n", "bad"),
        ("hm\nho\n", "hm"),
        ("", "exit code 3"),
    ],
)
def test_the_reason_is_one_line(err, reason):
    assert Answer(3, "", err).reason == reason


def test_no_git(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ComparisonError) as caught:
        git(repository.path, "status")
    assert str(caught.value) == (
        f"git is not installed, or not on PATH [{repository.path}]. Install git: revisions are checked out with it."
    )


def test_no_folder(tmp_path):
    with pytest.raises(ComparisonError) as caught:
        git(tmp_path / "gone", "status")
    assert str(caught.value) == (
        f"{tmp_path / 'gone'} is not a folder [{tmp_path / 'gone'}]. Run pytest in a clone of the project."
    )


@pytest.mark.parametrize("interrupts", [1, 2])
def test_an_interrupt_ends_git_and_its_children(tmp_path, monkeypatch, interrupts):
    """A git that waits for a child for ever; the interrupt comes when both run, the second amid tidying up."""
    fake = tmp_path / "git"
    fake.write_text(f"#!{sys.executable}\nimport subprocess\nsubprocess.run(['cat', {str(tmp_path / 'fifo')!r}])\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    left, writer = [KeyboardInterrupt] * interrupts, []

    class Popen(subprocess.Popen):
        def communicate(self, *args, **kwargs):
            if not writer:
                writer.append(os.open(tmp_path / "fifo", os.O_WRONLY))  # opens when the child reads
            if left:
                raise left.pop()
            return super().communicate(*args, **kwargs)

    monkeypatch.setattr(module.subprocess, "Popen", Popen)
    with pytest.raises(KeyboardInterrupt):
        git(tmp_path, "status")
    poller = select.poll()
    poller.register(writer[0], 0)  # an error says that nobody reads any more
    assert [event for _, event in poller.poll(10_000)] == [select.POLLERR]
    os.close(writer[0])
