"""What a program loads from outside of its tree."""

from pathlib import Path

import pytest

from pytest_sdperf.base.outside_code import installed_code, outside_files
from pytest_sdperf.base.trees import Trees


@pytest.fixture
def trees(tmp_path):
    (tmp_path / "tree").mkdir()
    return Trees(tmp_path / "tree", tmp_path / "tree")


@pytest.fixture
def modules(tmp_path):
    """A package of two modules outside of the tree, and one inside."""
    files = {"oars": "site/oars/__init__.py", "oars.left": "site/oars/left.py", "ship": "tree/ship.py"}
    for place in files.values():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(place)
    return {name: str(tmp_path / place) for name, place in files.items()}


def test_a_package_counts_as_one(trees, modules):
    found = installed_code(modules, trees)
    assert set(found) == {"oars"}
    assert len(found["oars"]) == 64


@pytest.mark.parametrize("name", ["oars", "oars.left"])
def test_one_that_was_built_anew_differs(trees, modules, name):
    before = installed_code(modules, trees)
    Path(modules[name]).write_text("anew")
    assert installed_code(modules, trees) != before


def test_another_choice_of_modules_differs(trees, modules):
    before = installed_code(modules, trees)
    del modules["oars.left"]
    assert installed_code(modules, trees) != before


def test_modules_without_files_and_those_of_the_start_do_not_count(trees, modules):
    started = {**modules, "sys": "", "__main__": modules["oars"], "_distutils_hack": modules["oars"]}
    assert installed_code(started, trees) == installed_code(modules, trees)


def test_files_by_content(tmp_path):
    chart, gone = tmp_path / "chart", tmp_path / "gone"
    chart.write_text("1")
    [(name, digest)] = outside_files([str(chart), str(gone), str(tmp_path)]).items()
    assert name == str(chart)
    chart.write_text("2")
    assert outside_files([str(chart)])[name] != digest
