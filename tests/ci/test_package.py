"""The check of what is published finds what is missing, too much or too large."""

import importlib.util
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_python


@pytest.fixture
def package():
    spec = importlib.util.spec_from_file_location("package", Path(__file__).parents[2] / ".ci" / "package.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def built(package, tmp_path):
    """Write both files with some names left out and others added; gives their paths."""

    def built(lacks=(), has=()):
        wheel, sdist = tmp_path / "pytest_sdperf-0.1.0-py3-none-any.whl", tmp_path / "pytest_sdperf-0.1.0.tar.gz"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in {*package.IN_WHEEL, *has} - {*lacks}:
                archive.writestr(name, "")
        with tarfile.open(sdist, "w:gz") as archive:
            for name in {*package.IN_SDIST, *has} - {*lacks}:
                archive.addfile(tarfile.TarInfo(f"pytest_sdperf-0.1.0/{name}"), io.BytesIO())
        return sdist, wheel

    return built


def test_nothing_is_wrong(package, built):
    assert package.faults(*built(), tag="v0.1.0") == []
    assert package.faults(*built(), tag="") == []


@pytest.mark.parametrize(
    ("lacks", "has", "fault"),
    [
        (("pytest_sdperf/py.typed",), (), "the wheel lacks pytest_sdperf/py.typed"),
        (("tox.ini",), (), "the sdist lacks tox.ini"),
        ((), ("tests/conftest.py",), "the wheel has tests/conftest.py"),
        ((), ("training/checkpoints/reader.safetensors",), "the sdist has training/checkpoints/reader.safetensors"),
        ((), ("benchmarks/results/real_gates.json.gz",), "the sdist has benchmarks/results/real_gates.json.gz"),
    ],
)
def test_what_is_missing_and_what_is_too_much(package, built, lacks, has, fault):
    assert fault in package.faults(*built(lacks, has), tag="")


def test_both_sides_of_the_size(package, built, monkeypatch):
    sdist, wheel = built()
    monkeypatch.setattr(package, "MOST_BYTES", max(sdist.stat().st_size, wheel.stat().st_size))
    assert package.faults(sdist, wheel, tag="") == []
    monkeypatch.setattr(package, "MOST_BYTES", max(sdist.stat().st_size, wheel.stat().st_size) - 1)
    assert len(package.faults(sdist, wheel, tag="")) >= 1


def test_a_tag_of_another_version(package, built):
    assert package.faults(*built(), tag="v0.2.0") == ["the tag is v0.2.0, the version 0.1.0"]
