"""Which folders come first for the variants of a conftest."""

import sys
from types import ModuleType

import pytest

from pytest_sdperf.plugin.conftest_path import conftest_path


@pytest.fixture
def conftest(tmp_path):
    """A conftest's module in a folder below the root."""

    def conftest(folder, name="conftest"):
        file = tmp_path / folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        module = ModuleType(name)
        module.__file__ = str(file)
        return module

    return conftest


def test_its_folder_and_those_of_the_conftests_above(conftest, tmp_path):
    conftest(".")
    conftest("a/b")
    assert conftest_path(conftest("a/b/c/d"), tmp_path) == tuple(
        str(tmp_path / folder) for folder in ("a/b/c/d", "a/b", ".")
    )


def test_none_above_the_rootdir(conftest, tmp_path):
    conftest(".")
    assert conftest_path(conftest("a/b"), tmp_path / "a") == (str(tmp_path / "a/b"),)
    assert conftest_path(conftest("c"), tmp_path / "a") == (str(tmp_path / "c"),)


def test_a_packages_folder_is_the_one_it_lies_in(conftest, tmp_path):
    for folder in ("a/pack", "a/pack/inner"):
        conftest(folder, "__init__")
    conftest("a/pack")
    assert conftest_path(conftest("a/pack/inner"), tmp_path) == (str(tmp_path / "a"),)


def test_a_link_counts_where_it_lies_and_its_folder_where_it_leads(conftest, tmp_path):
    conftest("real")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/conftest.py").symlink_to(tmp_path / "real/conftest.py")
    for folder, expected in (("linked", "real"), ("own", "own")):
        module = ModuleType("conftest")
        module.__file__ = str(tmp_path / folder / "conftest.py")
        assert conftest_path(module, tmp_path) == (str(tmp_path / expected),)


def test_plugins_that_are_no_conftest_have_none(conftest, tmp_path):
    assert conftest_path(conftest("a", "declares"), tmp_path) == ()
    assert conftest_path(object(), tmp_path) == ()


def test_an_object_counts_as_its_classs_conftest(conftest, tmp_path, monkeypatch):
    module = conftest("a")
    monkeypatch.setitem(sys.modules, "conftest_of_a_fleet", module)
    fleet = type("Fleet", (), {"__module__": "conftest_of_a_fleet"})
    assert conftest_path(fleet(), tmp_path) == (str(tmp_path / "a"),)
