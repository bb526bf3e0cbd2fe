import os
import sys
from pathlib import Path

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.worker.factory import import_function, put_first


@pytest.mark.parametrize(
    ("name", "missing"), [("no_such:f", "no_such"), ("pytest_sdperf.no_such:f", "pytest_sdperf.no_such")]
)
def test_a_module_that_is_not_there_is_named(name, missing):
    with pytest.raises(CaseError) as caught:
        import_function(name, role="factory of variant 'x'")
    assert str(caught.value) == (
        f"factory of variant 'x' cannot be imported: there is no module {missing!r} [{name}]. "
        "Correct the name, install its package, or put it next to a conftest.py."
    )


@pytest.mark.parametrize(("name", "found"), [("sys:no_such", "nothing"), ("sys:maxsize", repr(sys.maxsize))])
def test_a_name_that_is_no_function_is_told_with_what_is_there(name, found):
    with pytest.raises(CaseError) as caught:
        import_function(name, role="factory of variant 'x'")
    function = name.partition(":")[2]
    assert caught.value.what == f"factory of variant 'x' cannot be called: sys has {found} under the name {function!r}"


def test_an_import_that_fails_inside_the_module_is_not_hidden(numpy_project, monkeypatch):
    monkeypatch.syspath_prepend(numpy_project)
    (numpy_project / "leaky.py").write_text("import no_such_library")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        import_function("leaky:build", role="factory of variant 'x'")


@pytest.fixture
def path(monkeypatch):
    """An import path of this process's own, and what it leaves to its children."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    return sys.path


@pytest.fixture
def folders(tmp_path):
    """Folders with a module each."""

    def folders(**modules):
        made = []
        for folder, module in modules.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{module}.py").write_text("def build(context): return __file__\n")
            made.append(str((tmp_path / folder).resolve()))
        return made

    return folders


def test_folders_come_first_in_their_order_and_children_inherit_it(path, folders):
    before = [*path]
    one, two = folders(one="sloop", two="brig")
    path.append(one)
    put_first((one, two))
    assert path == [one, two, *before]
    assert os.environ["PYTHONPATH"] == os.pathsep.join([one, two, "elsewhere"])


def test_without_folders_nothing_changes(path):
    before = [*path]
    put_first(())
    assert (path, os.environ["PYTHONPATH"]) == (before, "elsewhere")


def test_a_folder_with_a_librarys_name_goes_last_unless_it_is_first_already(path, folders):
    before = [*path]
    (folder,) = folders(one="psutil")
    put_first((folder,))
    assert path == [*before, folder]
    path[:] = [folder, *before]
    put_first((folder,))
    assert path == [folder, *before]


def test_tests_of_a_librarys_name_hide_nothing(path, folders):
    (folder,) = folders(one="test_psutil")
    folders(one="conftest")
    put_first((folder,))
    assert path[0] == folder


def test_the_conftests_own_module_must_be_the_first(path, folders):
    own, other = folders(own="galley_of_two", other="galley_of_two")
    path[:] = [other, own, *path]
    with pytest.raises(CaseError) as caught:
        import_function("galley_of_two:build", role="factory of variant 'x'", folders=[own])
    files = [str(Path(folder) / "galley_of_two.py") for folder in (own, other)]
    assert caught.value.what == (
        f"factory of variant 'x' is ambiguous: module 'galley_of_two' may be {files[0]} or {files[1]}"
    )


@pytest.mark.parametrize(("beside", "is_ambiguous"), [("conftest", True), ("test_it", True), ("helper", False)])
def test_a_module_among_tests_that_are_not_the_conftests_is_ambiguous(path, folders, beside, is_ambiguous, monkeypatch):
    monkeypatch.delitem(sys.modules, "dinghy", raising=False)
    own, other, stable = folders(own="unused_module", other="dinghy", stable="dinghy")
    folders(other=beside)
    path[:] = [own, other, stable, *path]
    if is_ambiguous:
        with pytest.raises(CaseError, match="is ambiguous"):
            import_function("dinghy:build", role="factory", folders=[own])
        path.remove(stable)  # the only one there is
    assert import_function("dinghy:build", role="factory", folders=[own])(None).startswith(other)


def test_a_folder_above_the_conftests_is_its_own(path, folders, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "yawl", raising=False)
    own, stable = folders(own="unused_module", stable="yawl")
    (tmp_path / "conftest.py").write_text("")
    (tmp_path / "yawl.py").write_text("def build(context): return __file__\n")
    path[:] = [own, str(tmp_path), stable, *path]
    assert import_function("yawl:build", role="factory", folders=[own])(None) == str(tmp_path / "yawl.py")


def test_a_missing_module_is_to_be_put_where_the_conftest_is(path, folders, tmp_path):
    (own,) = folders(own="unused_module")
    with pytest.raises(CaseError) as caught:
        import_function("no_such:build", role="factory", folders=[own])
    assert (
        caught.value.cure == f"Correct the name, install its package, or put it into {own}: there its conftest.py is."
    )
    folders(**{"own/pack": "no_such"})
    folders(**{"own/pack": "__init__"})
    with pytest.raises(CaseError) as caught:
        import_function("no_such:build", role="factory", folders=[own])
    assert caught.value.cure == ("The conftest lies in a package, so name the module with it: `pack.no_such:build`.")
