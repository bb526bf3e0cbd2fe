import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sdperf.base.checkout import worktree
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out, prune
from pytest_sdperf.errors import ComparisonError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def base(repository):
    """The first commit; the working tree has gone on since."""
    first = repository.git("rev-parse", "HEAD")
    repository.commit("second", pipeline="SPEED = 2\n", new="")
    return Revision("main~1", first, repository.path)


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def records(repository):
    """What git keeps of working trees."""
    return everything(repository.path / ".git" / "worktrees")


def nothing_left(repository, folder):
    return not everything(folder) and repository.worktrees() == [str(repository.path)] and not records(repository)


def test_a_tree_of_the_revision_and_nothing_afterwards(base, repository, tmp_path):
    repository.write(pipeline="SPEED = 3\n")
    with checked_out(base, tmp_path / "work") as tree:
        assert (tree / "pipeline.py").read_text() == "SPEED = 1\n"
        assert not (tree / "new.py").exists()
        assert tree.parent == tmp_path / "work"
        assert tree.name.startswith(f"sdperf-base-{base.commit[:10]}-{os.getpid()}-")
        assert repository.worktrees() == [str(repository.path), str(tree)]
    assert nothing_left(repository, tmp_path / "work")
    assert (repository.path / "pipeline.py").read_text() == "SPEED = 3\n"
    assert repository.git("branch", "--list").splitlines() == ["* main"]


def test_what_was_made_in_it_goes_too(base, repository, tmp_path):
    with checked_out(base, tmp_path / "work") as tree:
        (tree / "pipeline.py").write_text("changed")
        (tree / "made").mkdir()
        (tree / "made" / "file").touch()
    assert nothing_left(repository, tmp_path / "work")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_exception(base, repository, tmp_path, error):
    with pytest.raises(error), checked_out(base, tmp_path / "work"):
        raise error
    assert nothing_left(repository, tmp_path / "work")


def test_a_link_to_the_folder(base, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with checked_out(base, tmp_path / "link") as tree:
        assert tree.parent == tmp_path / "real"


def test_from_a_linked_working_tree(base, repository, tmp_path):
    repository.git("worktree", "add", "--quiet", str(tmp_path / "mine"), "-b", "mine")
    with checked_out(Revision("x", base.commit, tmp_path / "mine"), tmp_path / "work") as tree:
        assert (tree / "pipeline.py").read_text() == "SPEED = 1\n"
    assert repository.worktrees() == [str(repository.path), str(tmp_path / "mine")]


def test_two_at_once(base, repository, tmp_path):
    with checked_out(base, tmp_path / "work") as one, checked_out(base, tmp_path / "work") as other:
        assert one != other
        assert (one / "pipeline.py").exists()
    assert nothing_left(repository, tmp_path / "work")


def test_no_hook_runs(base, repository, tmp_path):
    hook = repository.path / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with checked_out(base, tmp_path / "work"):
        assert not (tmp_path / "ran").exists()


def test_a_folder_that_cannot_be_written(base, repository, tmp_path, monkeypatch):
    real = worktree.git_in

    def git_in(folder, *arguments):
        if arguments[:2] == ("worktree", "add"):
            return worktree.Answer(
                128, "", "Preparing worktree\nfatal: unable to write file: No space left on device\n"
            )
        return real(folder, *arguments)

    monkeypatch.setattr(worktree, "git_in", git_in)
    with pytest.raises(ComparisonError) as caught, checked_out(base, tmp_path / "work"):
        pass
    assert str(caught.value).startswith(
        f"main~1 ({base.commit[:10]}) cannot be checked out: unable to write file: No space left on device "
        f"[{tmp_path / 'work' / 'sdperf-base-'}"
    )
    assert str(caught.value).endswith("]. Make room or give write permission there, and mend what git complains of.")
    assert nothing_left(repository, tmp_path / "work")


def test_a_partial_clone_fetches_nothing(base, repository, tmp_path):
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    with (
        pytest.raises(ComparisonError) as caught,
        checked_out(Revision("v1", base.commit, clone.path), tmp_path / "work"),
    ):
        pass
    assert str(caught.value) == (
        f"v1 ({base.commit[:10]}) cannot be checked out: this is a partial clone, which lacks files of it "
        "[--sdperf-against=v1]. "
        f"Clone without --filter, or let git fetch them once: git worktree add --detach DIR {base.commit}."
    )
    assert nothing_left(clone, tmp_path / "work")


SESSION = """
import os, signal, sys
from pathlib import Path
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out

name, commit, toplevel, work, how = sys.argv[1:]
context = checked_out(Revision(name, commit, Path(toplevel)), Path(work))
if how == "forgotten":
    context.__enter__()
    sys.exit()
with context as tree:
    print(tree, flush=True)
    if how == "fork" and os.fork() == 0:
        sys.exit()
    sys.stdin.read()
"""


@pytest.fixture
def session(base, tmp_path, default_sigint):
    """Start a process that checks the base out and then waits until its input ends."""
    started = []

    def session(how="waits", work="work"):
        process = subprocess.Popen(
            [sys.executable, "-c", SESSION, *map(str, (*vars(base).values(), tmp_path / work, how))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=default_sigint,  # noqa: PLW1509 -- nothing but this one call between fork and exec
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield session
    for process in started:
        process.kill()
        process.communicate()


def test_ctrl_c(session, repository, tmp_path):
    process, tree = session()
    assert Path(tree).is_dir()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert process.returncode == -signal.SIGINT
    assert nothing_left(repository, tmp_path / "work")


def test_a_session_that_forgets_to_close(session, repository, tmp_path):
    process, _ = session("forgotten")
    assert process.wait(60) == 0
    assert nothing_left(repository, tmp_path / "work")


def test_a_fork_takes_nothing_away(session, repository, tmp_path):
    process, tree = session("fork")
    assert (Path(tree) / "pipeline.py").is_file()
    process.communicate(timeout=60)
    assert nothing_left(repository, tmp_path / "work")


def test_what_a_killed_session_left_goes_with_the_next(session, base, repository, tmp_path):
    repository.git("worktree", "add", "--quiet", str(tmp_path / "mine"), "-b", "mine")
    process, tree = session()
    process.kill()
    process.communicate()
    assert Path(tree).is_dir()
    with checked_out(base, tmp_path / "elsewhere") as mine:
        assert repository.worktrees() == [str(repository.path), *sorted([str(mine), str(tmp_path / "mine")])]
        assert not everything(tmp_path / "work")
    assert repository.worktrees() == [str(repository.path), str(tmp_path / "mine")]


def test_a_living_session_is_left_alone(session, base, repository, tmp_path):
    process, tree = session()
    prune(repository.path)
    with checked_out(base, tmp_path / "work") as mine:
        assert {tree, str(mine)} < set(repository.worktrees())
    assert (Path(tree) / "pipeline.py").is_file()
    process.communicate(timeout=60)
    assert nothing_left(repository, tmp_path / "work")


def test_a_killed_session_whose_folder_was_cleared(session, repository, tmp_path):
    import shutil

    process, _ = session()
    process.kill()
    process.communicate()
    shutil.rmtree(tmp_path / "work")
    prune(repository.path)
    assert repository.worktrees() == [str(repository.path)]
    assert not records(repository)


def test_stale_trees_of_the_user_stay_on_record(repository, tmp_path):
    """On a drive that is not there just now, say: `git worktree prune` would forget them."""
    for name in ("mine", "sdperf-base-mine"):
        repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / name))
        (tmp_path / name).rename(tmp_path / f"{name}-away")
    before = records(repository)
    prune(repository.path)
    assert records(repository) == before


def test_a_second_ctrl_c_does_not_leave_it(base, repository, tmp_path, monkeypatch):
    real, impatient = worktree.shutil.rmtree, [KeyboardInterrupt]

    def rmtree(*args, **kwargs):
        if impatient:
            raise impatient.pop()
        real(*args, **kwargs)

    monkeypatch.setattr(worktree.shutil, "rmtree", rmtree)
    with pytest.raises(KeyboardInterrupt), checked_out(base, tmp_path / "work"):
        pass
    assert nothing_left(repository, tmp_path / "work")


def test_a_checkout_that_is_interrupted_amid(base, repository, tmp_path, monkeypatch):
    """Git has written all and still holds its lock on the tree."""
    real = worktree.git_in

    def git_in(folder, *arguments):
        answer = real(folder, *arguments)
        if arguments[:2] == ("worktree", "add"):
            real(folder, "worktree", "lock", arguments[-2])
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(worktree, "git_in", git_in)
    with pytest.raises(KeyboardInterrupt), checked_out(base, tmp_path / "work"):
        pass
    assert nothing_left(repository, tmp_path / "work")
