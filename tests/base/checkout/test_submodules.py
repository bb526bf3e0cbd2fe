"""Submodules of the revision, nested ones too, without the network."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.submodules import submodules_of
from pytest_sdperf.base.checkout.worktree import checked_out, prune
from pytest_sdperf.errors import ComparisonError


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


def records(hull):
    return sorted(p for p in (hull.path / ".git").rglob("worktrees/*"))


def read(tree):
    files = ("plank.py", "deck/mast/wood.py", "deck/mast/rig/sail/cloth.py")
    return "".join((tree / f).read_text() if (tree / f).exists() else "-" for f in files)


def test_all_of_them_as_the_revision_wants_them(nest, tmp_path):
    hull, first = nest
    assert read(hull.path) == "222"
    with checked_out(Revision("old", first, hull.path), tmp_path / "work") as tree:
        assert read(tree) == "111"
        assert type(hull)(tree).git("status", "--porcelain") == ""
        assert len(records(hull)) == 3
    assert records(hull) == []
    assert list((tmp_path / "work").iterdir()) == []
    assert read(hull.path) == "222"
    assert hull.git("status", "--porcelain") == ""


def test_those_that_were_never_initialised_stay_away(nest, tmp_path):
    hull, first = nest
    clone = hull.clone(tmp_path / "clone")
    with checked_out(Revision("old", first, clone.path), tmp_path / "work") as tree:
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
    with checked_out(Revision("old", first, hull.path), tmp_path / "work") as tree:
        assert read(tree) == "111"
    assert records(hull) == []


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
    with pytest.raises(ComparisonError) as caught, checked_out(Revision("bad", broken, hull.path), tmp_path / "work"):
        pass
    assert str(caught.value) == (
        f"submodule deck/mast lacks commit 1111111111, which bad ({broken[:10]}) wants [--sdperf-against=bad]. "
        f"Fetch it: git -C deck/mast fetch origin {wanted}."
    )
    assert records(hull) == []


def test_what_a_killed_session_left_of_them_goes(nest, tmp_path):
    hull, first = nest
    script = f"""
import os, signal
from pathlib import Path
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out
with checked_out(Revision("old", {first!r}, Path({str(hull.path)!r})), Path({str(tmp_path / "work")!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(records(hull)) == 3
    prune(hull.path)
    assert records(hull) == []
    assert list((tmp_path / "work").iterdir()) == []
