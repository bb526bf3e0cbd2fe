"""What the base's tree gets besides its revision."""

import os

import pytest

from pytest_sdperf.base.completing import Completion, complete
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError


@pytest.fixture
def trees(make_repository, tmp_path):
    """A repository that ignores `built`, and a checkout of it."""
    repository = make_repository("head")
    (repository.path / ".gitignore").write_text("built/\n")
    (repository.path / "built").mkdir()
    (repository.path / "built/fast.so").write_text("1")
    repository.commit("first", kept="")
    base = tmp_path / "base"
    repository.git("worktree", "add", "--quiet", "--detach", str(base), "HEAD")
    return Trees(repository.path, base)


@pytest.fixture
def completed(trees, tmp_path):
    def completed(**what):
        complete(Completion(**what), trees, env=dict(os.environ), log_path=tmp_path / "log", label="main")

    return completed


@pytest.mark.parametrize("pattern", ["built", "built/*.so", "built/fast.so"])
def test_files_are_carried(trees, completed, pattern):
    completed(carry=[pattern])
    assert (trees.base / "built/fast.so").read_text() == "1"


def test_a_command_runs_in_the_bases_tree_with_this_python(trees, completed):
    completed(run="mkdir built && python -c 'import msgspec' && pwd > built/where")
    assert (trees.base / "built/where").read_text().strip() == os.path.realpath(trees.base)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"carry": ["none*"]}, "'none*' matches no file of the working tree"),
        ({"carry": ["../x"]}, "leads out of the repository"),
        ({"carry": ["kept.py"]}, "git does not ignore kept.py"),
        ({"run": "echo broken; exit 3"}, "--sdperf-base-run ended with exit code 3 in the tree of main: broken"),
        ({"run": "echo > kept.py"}, "--sdperf-base-run changed files of main: kept.py"),
        ({"run": "exec sleep 5", "timeout_s": 0.05}, "--sdperf-base-run took longer than 0.05 s"),
    ],
)
def test_what_cannot_be_done_is_an_error(completed, what, said):
    with pytest.raises(ComparisonError) as error:
        completed(**what)
    assert said in str(error.value)


def test_a_link_out_of_the_tree_is_not_carried(trees, completed, tmp_path):
    (tmp_path / "secret").write_text("")
    (trees.head / "built/link").symlink_to(tmp_path / "secret")
    with pytest.raises(ComparisonError, match="built/link is a link that leads out of the tree"):
        completed(carry=["built/link"])
