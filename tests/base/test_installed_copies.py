"""Installed copies of what the compared trees have."""

import json

import pytest

from pytest_sdperf.base import installed_copies as installed
from pytest_sdperf.base.installed_copies import foreign_copies
from pytest_sdperf.base.trees import Trees


@pytest.fixture
def place(tmp_path):
    """Write the same files, or other ones, into both trees and the folder of what is installed."""

    def place(*, head=None, base=None, both=None, site=None):
        for root, files in (("head", head), ("base", base), ("head", both), ("base", both), ("site", site)):
            (tmp_path / root).mkdir(exist_ok=True)
            for name, content in (files or {}).items():
                path = tmp_path / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        return Trees(tmp_path / "head", tmp_path / "base")

    return place


@pytest.mark.parametrize(
    ("tree", "module", "file"),
    [
        ("svc/__init__.py", "svc", "svc/__init__.py"),
        ("src/svc/__init__.py", "svc", "svc/__init__.py"),
        ("packages/svc/src/svc/__init__.py", "svc", "svc/__init__.py"),
        ("vendor/six.py", "six", "six.py"),
        ("services/one/src/acme/svc/__init__.py", "acme.svc", "acme/svc/__init__.py"),
        ("lib/svc/deep/core.py", "svc.deep.core", "svc/deep/core.py"),
        ("svc.py", "svc", "svc/__init__.py"),
    ],
)
def test_a_copy_of_code_that_the_change_touches_is_found_wherever_the_tree_has_it(place, tmp_path, tree, module, file):
    trees = place(head={tree: "new"}, base={tree: "old"}, site={file: "old"})
    assert foreign_copies({module: f"{tmp_path}/site/{file}"}, trees) == {module: f"{tmp_path}/site/{file}"}


def test_a_copy_of_what_both_trees_have_does_no_harm(place, tmp_path):
    trees = place(both={"packages/svc/svc/__init__.py": "same"}, site={"svc/__init__.py": "same"})
    assert foreign_copies({"svc": f"{tmp_path}/site/svc/__init__.py"}, trees) == {}


def test_a_change_elsewhere_in_the_package_is_missed_by_the_copy(place, tmp_path):
    trees = place(
        both={"packages/svc/svc/__init__.py": "same"},
        head={"packages/svc/svc/settings.json": "1"},
        base={"packages/svc/svc/settings.json": "2"},
        site={"svc/__init__.py": "same"},
    )
    assert list(foreign_copies({"svc": f"{tmp_path}/site/svc/__init__.py"}, trees)) == ["svc"]


def test_a_copy_older_than_both_trees_is_harmless_only_deep_in_them(place, tmp_path):
    """At the top it is the project itself; deeper it may be a stub of a library that has nothing to do with it."""
    loaded = {"svc": f"{tmp_path}/site/svc/__init__.py"}
    trees = place(both={"examples/stubs/svc/__init__.py": "same"}, site={"svc/__init__.py": "old"})
    assert foreign_copies(loaded, trees) == {}
    assert list(foreign_copies(loaded, place(both={"src/svc/__init__.py": "same"}))) == ["svc"]


@pytest.mark.parametrize("tree", ["ours/openvino.py", "tests/fakes/torch.py", "ours/torch/__init__.py"])
def test_a_module_of_a_package_is_not_a_library_of_its_last_name(place, tmp_path, tree):
    name = tree.removesuffix("/__init__.py").rpartition("/")[2].removesuffix(".py")
    file = f"{name}/__init__.py" if tree.endswith("__init__.py") else f"{name}.py"
    trees = place(both={"ours/__init__.py": ""}, head={tree: "1"}, base={tree: "2"}, site={file: "3"})
    assert foreign_copies({name: f"{tmp_path}/site/{file}"}, trees) == {}


def test_a_renamed_package_is_known_by_its_content(place, tmp_path):
    trees = place(
        head={"lib/engine/core.py": "SLOW = 2"},
        base={"lib/engine/core.py": "SLOW = 1"},
        site={"svc/core.py": "SLOW = 2"},
    )
    assert list(foreign_copies({"svc.core": f"{tmp_path}/site/svc/core.py"}, trees)) == ["svc.core"]


@pytest.mark.parametrize(("editable", "found"), [(False, ["svc.core"]), (True, [])])
def test_a_distribution_says_where_it_was_installed_from(place, tmp_path, monkeypatch, editable, found):
    class Distribution:
        files = (type("File", (), {"locate": lambda self: tmp_path / "site/svc/core.py"})(),)

        def read_text(self, name):
            return json.dumps({"url": f"file://{tmp_path}/head/dist/svc-1.tar.gz", "dir_info": {"editable": editable}})

    monkeypatch.setattr(installed.metadata, "distributions", lambda: [Distribution()])
    trees = place(both={"lib/engine/core.py": "new"}, site={"svc/core.py": "older"})
    assert list(foreign_copies({"svc.core": f"{tmp_path}/site/svc/core.py"}, trees)) == found


def test_nothing_is_looked_for_where_only_interpreters_differ(place, tmp_path):
    trees = place(head={"svc.py": "1"}, site={"svc.py": "2"})
    assert foreign_copies({"svc": f"{tmp_path}/site/svc.py"}, Trees(trees.head, trees.head)) == {}
