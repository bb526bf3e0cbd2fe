"""Which recorded versions are asked of an index, and how they are called. What is built is in tests/adversary."""

from importlib import metadata

import pytest

from pytest_sdperf.base import recorded_versions as module
from pytest_sdperf.diff.programs import Difference
from pytest_sdperf.errors import ComparisonError


@pytest.fixture
def installed(monkeypatch):
    """Packages that are installed here -> their direct_url.json."""
    packages = {"inkwell": None, "quill": None, "sail": '{"url": "file:///srv/sail"}', "pytest-sdperf": None}

    class Distribution:
        def __init__(self, name):
            if name not in packages:
                raise metadata.PackageNotFoundError(name)
            self.name = name

        def read_text(self, file):
            assert file == "direct_url.json"
            return packages[self.name]

    monkeypatch.setattr(module.metadata, "distribution", Distribution)


def package(name, base, head="2.0"):
    return Difference("package", name, base, head)


def test_versions_of_packages_from_an_index(installed):
    found = [package("inkwell", "1.0"), package("quill", "1.0rc1+cpu"), Difference("python", "", "3.11", "3.12")]
    assert module.recorded_versions(found) == {"inkwell": "1.0", "quill": "1.0rc1+cpu"}


@pytest.mark.parametrize(
    "difference",
    [
        package("sail", "1.0"),  # from a folder
        package("rudder", "1.0"),  # not installed any more: nobody knows where it came from
        package("quill", ""),  # was not installed then
        package("pytest-sdperf", "0.1"),
        package("quill", "1.0 @ https://example.org/quill.whl"),
        package("quill", "--index-url=https://example.org"),
        package("--quill", "1.0"),
        package("quill[fast]", "1.0"),
        Difference("installed", "quill", "ab", "cd"),
    ],
)
def test_nothing_else_is_asked_for(installed, difference):
    assert module.recorded_versions([difference]) == {}


@pytest.mark.parametrize(
    ("versions", "label"),
    [
        ({"inkwell": "1.0"}, "inkwell 1.0"),
        ({"quill": "2", "inkwell": "1.0"}, "inkwell 1.0, quill 2"),
        ({"quill": "2", "inkwell": "1.0", "sail": "3", "tar": "4"}, "inkwell 1.0, quill 2 and 2 more"),
    ],
)
def test_labels(versions, label):
    assert module.label_of(versions) == label


def test_without_uv_the_cure_is_uv(monkeypatch, tmp_path):
    def find_uv(environ, where):
        raise ComparisonError("uv is not there", where=where, cure="Install it.")

    monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "find_uv", find_uv)
    with pytest.raises(ComparisonError, match=r"uv is not there \[--sdperf-base-env\]"):
        module.interpreter_with({"inkwell": "1.0"}, environ={}, folder=tmp_path, show=print)
