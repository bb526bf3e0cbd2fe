import pytest

from pytest_sdperf.base.checkout.lfs import left_in_lfs
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out
from pytest_sdperf.errors import ComparisonError

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
    return repository, Revision("old", commit, repository.path)


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
