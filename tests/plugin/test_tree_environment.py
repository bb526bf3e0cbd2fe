"""Which variables conftests and plugins change, as opposed to test modules."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.plugin import tree_environment
from pytest_sdperf.plugin.tree_environment import EnvironmentWatch, changes


def test_what_was_set_changed_and_removed():
    assert changes({"A": "1", "B": "1", "C": "1"}, {"A": "1", "B": "2", "D": ""}) == {"B": "2", "C": None, "D": ""}


def test_test_modules_are_told_from_conftests(pytester, monkeypatch):
    for name in ("OF_CONFTEST", "OF_MODULE", "OF_INNER", "OF_HOOK"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    pytester.makepyfile(test_it="import os\nos.environ['OF_MODULE'] = '1'\ndef test_it(): pass")
    pytester.makeconftest(
        "import os\nos.environ['OF_CONFTEST'] = '1'\n"
        "def pytest_collection_modifyitems():\n    os.environ['OF_HOOK'] = '1'"
    )
    inner = pytester.mkdir("inner")
    (inner / "conftest.py").write_text("import os\nos.environ['OF_INNER'] = '1'")
    (inner / "test_inner.py").write_text("def test_inner(): pass")
    watch = EnvironmentWatch(dict(tree_environment.os.environ))
    pytester.inline_run("--collect-only", plugins=[watch])
    names = {name for name in watch.variables.changes if name.startswith("OF_")}
    assert names == {"OF_CONFTEST", "OF_HOOK", "OF_INNER"}


@pytest.mark.parametrize(
    ("main", "entries", "expected"),
    [
        (SimpleNamespace(__file__="/bin/pytest", __spec__=None), b"A=1\0B=\0", {"A": "1", "B": ""}),
        (SimpleNamespace(__spec__=SimpleNamespace(name="pytest.__main__")), b"A=1\0", {"A": "1"}),
        (SimpleNamespace(__file__="/bin/run_tests.py", __spec__=None), b"A=1\0", {"A": "2"}),
        (SimpleNamespace(__file__="/bin/pytest", __spec__=None), b"pytest: a title\0", {"A": "2"}),
        (SimpleNamespace(__file__="/bin/pytest", __spec__=None), b"A=1\0PYTEST_CURRENT_TEST=x\0", {"A": "2"}),
        (SimpleNamespace(__file__="/bin/pytest", __spec__=None), None, {"A": "2"}),
    ],
    ids=["script", "module", "another-program", "title", "inside-a-test", "no-proc"],
)
def test_the_environment_at_the_start_of_the_process(monkeypatch, tmp_path, main, entries, expected):
    file = tmp_path / "environ"
    if entries is not None:
        file.write_bytes(entries)
    monkeypatch.setattr(tree_environment, "_AT_START", file)
    monkeypatch.setitem(tree_environment.sys.modules, "__main__", main)
    assert tree_environment._at_start({"A": "2"}) == expected
