from pathlib import Path

import pytest

from pytest_sdperf.base.pytest_arguments import passed_on, paths_of
from pytest_sdperf.base.trees import Trees


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["--sdperf", "-x", "tests", "--sdperf-against=auto", "-k", "ship"], []),
        (["-p", "fleet", "-pharbour", "-p", "no:benchmark"], ["-p", "fleet", "-p", "harbour", "-p", "no:benchmark"]),
        (
            ["-o", "a=b", "-oc=d", "--override-ini=e=f", "--override-ini", "g=h"],
            ["-o", "a=b", "-o", "c=d", "-o", "e=f", "-o", "g=h"],
        ),
        (["--import-mode=importlib"], ["--import-mode", "importlib"]),
        (["--import-mode", "append", "--"], ["--import-mode", "append"]),
        (["--", "-p", "fleet"], []),
        (["-p"], []),
        (["--collect-only", "-c"], []),
    ],
)
def test_which_options_are_passed_on(given, kept, tmp_path):
    assert passed_on(given, Trees(tmp_path / "head", tmp_path / "base"), tmp_path / "head") == kept


@pytest.mark.parametrize(
    "given", [["-c", "perf.ini"], ["-cperf.ini"], ["--config-file=perf.ini"], ["--config-file", "../head/perf.ini"]]
)
def test_a_settings_file_is_the_bases_own(given, tmp_path):
    trees = Trees(tmp_path / "head", tmp_path / "base")
    for folder in (trees.head, trees.base):
        folder.mkdir()
    (trees.head / "perf.ini").touch()
    assert passed_on(given, trees, trees.head) == []
    (trees.base / "perf.ini").touch()
    assert passed_on(given, trees, trees.head) == ["-c", str(trees.base / "perf.ini")]
    (tmp_path / "outside.ini").touch()
    assert passed_on(["-c", "../outside.ini"], trees, trees.head) == ["-c", str(trees.head / "../outside.ini")]


def test_paths_without_the_names_of_tests():
    given = ["tests/test_it.py::test_a[x::y]", "tests/test_it.py::test_b", "/abs/tests", "."]
    assert paths_of(given, Path("/repo")) == ["/repo/tests/test_it.py", "/abs/tests", "/repo"]
