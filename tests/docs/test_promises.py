"""The page on promises names every file of tests/adversary, each once, and no other."""

import re

import pytest
from doc_pages import ROOT

pytestmark = pytest.mark.one_python

PAGE = ROOT / "docs" / "promises.md"


def rows():
    """The table's rows, as cells."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]


def test_every_kind_names_its_file_and_every_file_has_its_kind():
    there = sorted(path.name for path in (ROOT / "tests" / "adversary").glob("test_*.py"))
    named = sorted(name for row in rows() for name in re.findall(r"\(\.\./tests/adversary/(\w+\.py)\)", row[-1]))
    assert named == there


def test_every_kind_says_what_happens():
    assert rows()
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row
