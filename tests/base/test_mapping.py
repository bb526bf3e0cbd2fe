from pathlib import Path

import pytest

from pytest_sdperf.base.mapping import map_folder, map_path, map_place
from pytest_sdperf.base.trees import Trees

TREES = Trees(Path("/repo"), Path("/base"), (Path("/repo/.venv"),), real=lambda path: path)
IN_BASE = {"/base", "/base/src", "/base/tests"}


def exists(path):
    return str(path) in IN_BASE


def test_an_import_path():
    given = [
        "/repo/src", "/repo/new", "/lib", "/repo/.venv/lib/python3.11/site-packages", "/repo", "/repo/src",
    ]  # fmt: skip
    assert map_path(TREES, given, exists) == ("/base/src", "/lib", "/repo/.venv/lib/python3.11/site-packages", "/base")


@pytest.mark.parametrize(
    ("folder", "there"),
    [
        ("/repo", "/base"),
        ("/repo/tests", "/base/tests"),
        ("/repo/tests/new/deep", "/base/tests"),
        ("/repo/gone", "/base"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_a_folder_to_be_in(folder, there):
    assert map_folder(TREES, Path(folder), exists) == Path(there)


def place(environ, cwd="/repo/tests"):
    return map_place(
        TREES, cwd=Path(cwd), rootdir=Path("/repo"), sys_path=("/repo/src", "/repo/new"), environ=environ, exists=exists
    )


def test_a_place():
    there = place({"PYTHONPATH": "/repo/src:/lib:/repo/new", "PWD": "/repo/tests", "HOME": "/repo/home"})
    assert (there.cwd, there.rootdir, there.sys_path) == (Path("/base/tests"), Path("/base"), ("/base/src",))
    assert there.env == {"PYTHONPATH": "/base/src:/lib", "PWD": "/base/tests", "HOME": "/repo/home"}


@pytest.mark.parametrize(
    ("variable", "mapped"),
    [
        ("", None),
        ("/repo/new", None),
        ("/lib:", "/lib:/base/tests"),  # an empty entry is the current folder
        ("tests", None),  # relative: /repo/tests/tests, which the base lacks
        (".", "/base/tests"),
        (".:/repo/tests", "/base/tests"),
    ],
)
def test_entries_of_pythonpath(variable, mapped):
    assert place({"PYTHONPATH": variable}).env.get("PYTHONPATH") == mapped


def test_without_pythonpath_nothing_is_set():
    assert place({"A": "b"}).env == {"A": "b"}


def test_one_tree_for_both_arms_is_left_as_it_is():
    same = Trees(Path("/repo"), Path("/repo"), (Path("/repo/.venv"),), real=lambda path: path)
    there = map_place(
        same, cwd=Path("/repo/x"), rootdir=Path("/repo"), sys_path=("/repo/new",), environ={"PYTHONPATH": "/repo/n"}
    )
    assert (there.cwd, there.rootdir, there.sys_path) == (Path("/repo/x"), Path("/repo"), ("/repo/new",))
    assert there.env == {"PYTHONPATH": "/repo/n"}
