from pathlib import Path

import pytest

from pytest_sdperf.base.trees import Trees


def trees(head="/repo", base="/tmp/base", own=(), real=lambda path: path):
    return Trees(Path(head), Path(base), tuple(map(Path, own)), real)


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/repo", "head"),
        ("/repo/src/x.py", "head"),
        ("/repository/x.py", "elsewhere"),
        ("/tmp/base", "base"),
        ("/tmp/base/src/x.py", "base"),
        ("/tmp/base2", "elsewhere"),
        ("/usr/lib/python3.11/json.py", "elsewhere"),
        ("/", "elsewhere"),
    ],
)
def test_homes(path, home):
    assert trees().home(path) == home


@pytest.mark.parametrize(
    ("own", "path", "home"),
    [
        (["/repo/.venv"], "/repo/.venv/lib/python3.11/site-packages/x.py", "elsewhere"),
        (["/repo/.venv"], "/repo/.venvs/x.py", "head"),
        # The interpreter's prefix holds the repository: /usr/src/app in many an image, <venv>/src/ of pip.
        (["/"], "/repo/x.py", "head"),
        # A virtual environment made in the root itself: only its libraries are its own.
        (["/repo", "/repo/lib/python3.11/site-packages"], "/repo/x.py", "head"),
        (["/repo", "/repo/lib/python3.11/site-packages"], "/repo/lib/python3.11/site-packages/x.py", "elsewhere"),
    ],
)
def test_the_interpreters_own_folders_inside_the_tree(own, path, home):
    assert trees(own=own).home(path) == home


def test_a_base_inside_the_heads_tree():
    inside = trees(base="/repo/tmp/base", own=["/repo/.venv"])
    assert inside.home("/repo/tmp/base/x.py") == "base"
    assert inside.home("/repo/tmp/x.py") == "head"


def test_one_tree_for_both_arms():
    same = trees(base="/repo", own=["/repo/.venv"])
    assert same.home("/repo/x.py") == "base"
    assert same.home("/repo/.venv/x.py") == "elsewhere"
    assert same.in_base("/repo/x.py") is None


def test_the_same_place_in_the_base():
    assert trees().in_base("/repo/src/x.py") == Path("/tmp/base/src/x.py")
    assert trees().in_base("/repo") == Path("/tmp/base")
    assert trees().in_base("/elsewhere") is None
    assert trees().in_base("/tmp/base/src") is None


def test_links_are_resolved_on_all_sides(tmp_path):
    """As with macOS' /tmp, which is a link to /private/tmp."""
    for name in ("repo/src", "base", "repo/.venv", "vendor"):
        (tmp_path / "private" / name).mkdir(parents=True)
    (tmp_path / "t").symlink_to(tmp_path / "private")
    (tmp_path / "t/repo/vendor").symlink_to(tmp_path / "private/vendor")
    (tmp_path / "t/repo/sources").symlink_to("src")
    for way in ("t", "private"):
        linked = Trees(tmp_path / way / "repo", tmp_path / "t/base", (tmp_path / "t/repo/.venv",))
        for path in ("t/repo/src", "private/repo/src", "t/repo/sources"):
            assert linked.in_base(tmp_path / path) == (tmp_path / "private/base/src").resolve()
        assert linked.home(tmp_path / "private/repo/.venv/x") == "elsewhere"
        assert linked.home(tmp_path / "t/repo/vendor/x.py") == "elsewhere"
        assert linked.home(tmp_path / "private/base/x.py") == "base"
