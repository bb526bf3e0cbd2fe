import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sdperf.base.checkout import worktree
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out, left_in_lfs, prune, submodules_of
from pytest_sdperf.errors import ComparisonError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def base(repository):
    """The first commit; the working tree has gone on since."""
    first = repository.git("rev-parse", "HEAD")
    repository.commit("second", pipeline="SPEED = 2\n", new="")
    return Revision("main~1", first, repository.path, "--sdperf-against")


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
    with checked_out(Revision("x", base.commit, tmp_path / "mine", "--sdperf-against"), tmp_path / "work") as tree:
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
    assert str(caught.value).endswith("]. Make room or give write permission there, and fix what git complains about.")
    assert nothing_left(repository, tmp_path / "work")


def test_a_partial_clone_fetches_nothing(base, repository, tmp_path):
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    with (
        pytest.raises(ComparisonError) as caught,
        checked_out(Revision("v1", base.commit, clone.path, "--sdperf-against"), tmp_path / "work"),
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

name, commit, toplevel, asked_by, work, how = sys.argv[1:]
context = checked_out(Revision(name, commit, Path(toplevel), asked_by), Path(work))
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
            [
                sys.executable,
                "-c",
                SESSION,
                *map(str, (base.name, base.commit, base.toplevel, base.asked_by, tmp_path / work, how)),
            ],
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


@pytest.fixture
def nest(make_repository):
    """hull holds mast, mast holds sail; each has a first and a second commit. Gives hull and its first commit."""
    sail, mast, hull = (make_repository(name) for name in ("sail", "mast", "hull"))
    sail.commit(cloth="1")
    mast.git("submodule", "--quiet", "add", str(sail.path), "rig/sail")
    mast.commit(wood="1")
    hull.git("submodule", "--quiet", "add", str(mast.path), "deck/mast")
    hull.git("submodule", "--quiet", "update", "--init", "--recursive")
    first = hull.commit(plank="1")
    inner = type(hull)(hull.path / "deck" / "mast")
    type(hull)(inner.path / "rig" / "sail").commit(cloth="2")
    inner.commit(wood="2")
    hull.commit(plank="2")
    return hull, first


def records_below(hull):
    return sorted(p for p in (hull.path / ".git").rglob("worktrees/*"))


def read(tree):
    files = ("plank.py", "deck/mast/wood.py", "deck/mast/rig/sail/cloth.py")
    return "".join((tree / f).read_text() if (tree / f).exists() else "-" for f in files)


def test_all_of_them_as_the_revision_wants_them(nest, tmp_path):
    hull, first = nest
    assert read(hull.path) == "222"
    with checked_out(Revision("old", first, hull.path, "--sdperf-against"), tmp_path / "work") as tree:
        assert read(tree) == "111"
        assert type(hull)(tree).git("status", "--porcelain") == ""
        assert len(records_below(hull)) == 3
    assert records_below(hull) == []
    assert list((tmp_path / "work").iterdir()) == []
    assert read(hull.path) == "222"
    assert hull.git("status", "--porcelain") == ""


def test_those_that_were_never_initialised_stay_away(nest, tmp_path):
    hull, first = nest
    clone = hull.clone(tmp_path / "clone")
    with checked_out(Revision("old", first, clone.path, "--sdperf-against"), tmp_path / "work") as tree:
        assert read(tree) == "1--"
        assert (tree / "deck" / "mast").is_dir()


@pytest.mark.parametrize("gone", ["moved", "removed"])
def test_one_that_the_head_has_no_longer_there(nest, tmp_path, gone):
    hull, first = nest
    if gone == "moved":
        hull.git("mv", "deck/mast", "mast")
    else:
        hull.git("rm", "--quiet", "deck/mast")
    hull.commit()
    with checked_out(Revision("old", first, hull.path, "--sdperf-against"), tmp_path / "work") as tree:
        assert read(tree) == "111"
    assert records_below(hull) == []


def test_one_that_nothing_is_left_of(nest):
    hull, first = nest
    hull.git("rm", "--quiet", "deck/mast")
    hull.commit()
    shutil.rmtree(hull.path / ".git" / "modules")
    assert list(submodules_of(hull.path / ".git", hull.path, first)) == []


def test_a_name_that_leads_out_of_the_git_directory_is_not_followed(nest, tmp_path):
    hull, _ = nest
    name = os.path.relpath(tmp_path / "mast" / ".git", hull.path / ".git" / "modules")
    (hull.path / ".gitmodules").write_text(f'[submodule "{name}"]\n\tpath = deck/mast\n\turl = /x\n')
    broken = hull.commit()
    shutil.rmtree(hull.path / "deck")
    assert list(submodules_of(hull.path / ".git", hull.path, broken)) == []


def test_a_commit_that_is_not_there(nest, tmp_path):
    hull, _ = nest
    wanted = "1" * 40
    hull.git("update-index", "--cacheinfo", f"160000,{wanted},deck/mast")
    hull.git("commit", "--quiet", "--message", "points nowhere")
    broken = hull.git("rev-parse", "HEAD")
    with (
        pytest.raises(ComparisonError) as caught,
        checked_out(Revision("bad", broken, hull.path, "--sdperf-against"), tmp_path / "work"),
    ):
        pass
    assert str(caught.value) == (
        f"submodule deck/mast lacks commit 1111111111, which bad ({broken[:10]}) wants [--sdperf-against=bad]. "
        f"Fetch it: git -C deck/mast fetch origin {wanted}."
    )
    assert records_below(hull) == []


def test_what_a_killed_session_left_of_them_goes(nest, tmp_path):
    hull, first = nest
    script = f"""
import os, signal
from pathlib import Path
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out
with checked_out(Revision("old", {first!r}, Path({str(hull.path)!r}), "--sdperf-against"), Path({str(tmp_path / "work")!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(records_below(hull)) == 3
    prune(hull.path)
    assert records_below(hull) == []
    assert list((tmp_path / "work").iterdir()) == []


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.fixture
def heavy(repository):
    """A repository with files in git-lfs, of which this machine has the pointers only; gives it and the commit."""
    (repository.path / ".gitattributes").write_text("weights* filter=lfs\n")
    names = ("weights one.py", "weights2.py", "weights3.py", "plain.py")
    for name in names:
        (repository.path / name).write_text(POINTER)
    commit = repository.commit()
    repository.git("rm", "--quiet", "weights3.py")
    repository.commit("one less")
    return repository, Revision("old", commit, repository.path, "--sdperf-against")


def test_where_both_have_pointers_nothing_is_wrong(heavy, tmp_path):
    _, revision = heavy
    with checked_out(revision, tmp_path / "work") as tree:
        assert (tree / "weights2.py").read_text() == POINTER


def test_content_that_only_the_head_has(heavy, tmp_path):
    repository, revision = heavy
    for name in ("weights one.py", "weights2.py", "plain.py"):
        (repository.path / name).write_text("heavy")
    with pytest.raises(ComparisonError) as caught, checked_out(revision, tmp_path / "work"):
        pass
    assert str(caught.value) == (
        f"git-lfs has no content here of weights one.py and 1 more as old ({revision.commit[:10]}) has it "
        f"[--sdperf-against=old]. Fetch it: git lfs fetch origin {revision.commit}."
    )
    assert len(repository.worktrees()) == 1


def test_content_in_both(heavy, tmp_path):
    repository, revision = heavy
    with checked_out(revision, tmp_path / "work") as tree:
        for path in (repository.path, tree):
            (path / "weights2.py").write_text("heavy")
        assert left_in_lfs(tree, repository.path) == []
