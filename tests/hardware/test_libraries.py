from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path

import pytest

from pytest_sdperf.hardware import libraries

OWN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00"
OTHER_PROCESSOR = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xb7\x00"
OTHER_CLASS = b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    """Linux on x86-64 whose interpreter is an ELF file, without conda, preset paths or packages."""
    interpreter = tmp_path / "prefix/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_bytes(OWN)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(importlib.metadata, "distributions", lambda *, name, path: [])


def put(path: Path, content: bytes = OWN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "folder", ["usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib", "usr/local/lib", "lib/x86_64-linux-gnu"]
)
@pytest.mark.parametrize("file", ["libjemalloc.so.2", "libjemalloc.so"])
def test_jemalloc_of_every_distribution(tmp_path, folder, file):
    path = put(tmp_path / folder / file)
    assert libraries.find_library("jemalloc", root=tmp_path) == path


def test_the_versioned_file_goes_first(tmp_path):
    put(tmp_path / "usr/lib64/libjemalloc.so")
    path = put(tmp_path / "usr/lib64/libjemalloc.so.2")
    put(tmp_path / "usr/lib64/libjemalloc.so.1")
    assert libraries.find_library("jemalloc", root=tmp_path) == path


@pytest.mark.parametrize("content", [OTHER_PROCESSOR, OTHER_CLASS, b"\x7fELF", b"INPUT(-ljemalloc) a linker script"])
def test_files_that_this_interpreter_cannot_load_are_passed_over(tmp_path, content):
    put(tmp_path / "usr/lib64/libjemalloc.so.2", content)
    assert libraries.find_library("jemalloc", root=tmp_path) is None
    path = put(tmp_path / "usr/lib/libjemalloc.so.2")
    assert libraries.find_library("jemalloc", root=tmp_path) == path


def test_an_interpreter_that_cannot_be_read_accepts_any_elf_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    path = put(tmp_path / "usr/lib64/libjemalloc.so.2", OTHER_PROCESSOR)
    assert libraries.find_library("jemalloc", root=tmp_path) == path


def test_environments_go_before_the_system(tmp_path, monkeypatch):
    system = put(tmp_path / "usr/lib64/libjemalloc.so.2")
    assert libraries.find_library("jemalloc", root=tmp_path) == system
    preset = put(tmp_path / "preset/libjemalloc.so.2")
    monkeypatch.setenv("LD_LIBRARY_PATH", f":{preset.parent}:/nowhere")
    assert libraries.find_library("jemalloc", root=tmp_path) == preset
    conda = put(tmp_path / "conda/lib/libjemalloc.so.2")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    assert libraries.find_library("jemalloc", root=tmp_path) == conda
    own = put(tmp_path / "prefix/lib/libjemalloc.so.2")
    assert libraries.find_library("jemalloc", root=tmp_path) == own


def test_ldconfigs_cache_goes_last(tmp_path):
    path = put(tmp_path / "odd/place/libjemalloc.so.2")
    cache = b"glibc-ld.so.cache1.1\0\0/usr/lib/libc.so.6\0/gone/libjemalloc.so.2\0/odd/place/libjemalloc.so.2\0"
    put(tmp_path / "etc/ld.so.cache", cache)
    assert libraries.find_library("jemalloc", root=tmp_path) == path


class Shipped:
    """A distribution that carries files in a folder."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.files = [ShippedFile(folder / name) for name in names] or None


class ShippedFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def locate(self) -> Path:
        return self.path


def install(monkeypatch, package: str, shipped: Shipped) -> None:
    monkeypatch.setattr(importlib.metadata, "distributions", lambda *, name, path: [shipped] if name == package else [])


def test_libiomp5_of_its_own_package_goes_first(tmp_path, monkeypatch):
    system = put(tmp_path / "usr/lib/x86_64-linux-gnu/libiomp5.so")
    assert libraries.find_library("libiomp5", root=tmp_path) == system
    path = put(tmp_path / "venv/lib/libiomp5.so")
    (tmp_path / "venv/site").mkdir()
    install(monkeypatch, "intel-openmp", Shipped(tmp_path / "venv/site/../lib", "omp.h", "libiomp5.so"))
    assert libraries.find_library("libiomp5", root=tmp_path) == path


def test_libraries_of_another_environment(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(importlib.metadata, "distributions", lambda *, name, path: asked.append(path) or [])
    here, there = put(tmp_path / "here/lib/libiomp5.so"), put(tmp_path / "there/lib/libiomp5.so")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "here"))
    monkeypatch.setattr(sys, "path", ["/here"])
    assert libraries.find_library("libiomp5", root=tmp_path) == here
    other = {"prefix": tmp_path / "there", "packages": ["/there"]}
    assert libraries.find_library("libiomp5", root=tmp_path, **other) == there
    assert asked == [["/here"], ["/there"]]


def test_a_distribution_without_a_list_of_files(tmp_path, monkeypatch):
    install(monkeypatch, "intel-openmp", Shipped(tmp_path))
    assert libraries.find_library("libiomp5", root=tmp_path) is None


def test_a_carried_jemalloc_goes_last(tmp_path, monkeypatch):
    carried = put(tmp_path / "site/ray/core/libjemalloc.so")
    install(monkeypatch, "ray", Shipped(carried.parent, "libjemalloc.so"))
    assert libraries.find_library("jemalloc", root=tmp_path) == carried
    system = put(tmp_path / "usr/lib64/libjemalloc.so.2")
    assert libraries.find_library("jemalloc", root=tmp_path) == system


def test_an_absolute_path_names_itself(tmp_path):
    path = put(tmp_path / "mine.so")
    assert libraries.find_library(str(path)) == path
    assert libraries.find_library(str(tmp_path / "none.so")) is None


def test_unknown_names_are_a_key_error(tmp_path):
    with pytest.raises(KeyError, match="tcmalloc"):
        libraries.find_library("tcmalloc", root=tmp_path)


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_other_systems_have_no_preload(tmp_path, monkeypatch, system):
    put(tmp_path / "usr/lib64/libjemalloc.so.2")
    monkeypatch.setattr(platform, "system", lambda: system)
    assert not libraries.can_preload()
    assert libraries.find_library("jemalloc", root=tmp_path) is None
