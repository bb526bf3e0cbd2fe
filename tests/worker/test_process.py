"""What the process runs on, read from the process itself."""

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_sdperf.worker import process

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's own interfaces")


@linux
def test_malloc_is_found_where_it_is():
    assert Path(process.allocator()).exists()
    assert process.file_of_symbol("no_such_function") == ""


def test_without_dladdr_nothing_is_found(monkeypatch):
    def refuse(_):
        raise TypeError("Windows")

    monkeypatch.setattr(process.ctypes, "CDLL", refuse)
    assert process.file_of_symbol("malloc") == ""


@linux
def test_an_address_of_no_file_is_not_found(monkeypatch):
    loaded = SimpleNamespace(malloc=ctypes.CDLL(None).malloc, dladdr=lambda address, info: 0)
    monkeypatch.setattr(process.ctypes, "CDLL", lambda _: loaded)
    assert process.file_of_symbol("malloc") == ""


@pytest.fixture
def symbols(monkeypatch):
    """Where symbols resolve to, and a fake process that offers functions."""
    files = {}
    functions = SimpleNamespace()
    monkeypatch.setattr(process, "file_of_symbol", lambda name: files.get(name, ""))
    monkeypatch.setattr(process.ctypes, "CDLL", lambda _: functions)
    return SimpleNamespace(files=files, functions=functions)


def jemalloc(options):
    def mallctl(name, value, size, new, new_size):
        told = options.get(name.decode().removeprefix("opt."))
        if told is None:
            return 2  # ENOENT
        assert size._obj.value == ctypes.sizeof(value._obj)
        value._obj.value = told
        return 0

    return mallctl


def test_jemalloc_reads_its_settings_back(symbols):
    symbols.files.update(malloc="/lib/libjemalloc.so.2", mallctl="/lib/libjemalloc.so.2")
    options = {"oversize_threshold": 0, "background_thread": True, "metadata_thp": b"auto", "dirty_decay_ms": -1}
    symbols.functions.mallctl = jemalloc(options)
    assert process.allocator() == "/lib/libjemalloc.so.2"
    assert process.allocator_settings() == {
        "oversize_threshold": "0",
        "background_thread": "true",
        "metadata_thp": "auto",
        "dirty_decay_ms": "-1",
    }


@pytest.mark.parametrize("mallctl", ["", "/lib/other.so"])
def test_another_allocator_has_no_settings(symbols, mallctl):
    symbols.files.update(malloc="/lib/libc.so.6", mallctl=mallctl)
    assert process.allocator_settings() == {}


def openmp(symbols, file, **answers):
    for name, answer in answers.items():
        setattr(symbols.functions, name, lambda *_, answer=answer: answer)
        symbols.files[name] = file


def test_libiomp_reads_everything_back(symbols):
    symbols.files.update(GOMP_parallel="/lib/libiomp5.so", __kmpc_fork_call="/lib/libiomp5.so")
    answers = {"omp_get_max_threads": 2, "omp_get_num_places": 2, "omp_get_place_num": 0, "omp_get_place_num_procs": 1}
    openmp(symbols, "/lib/libiomp5.so", **answers, kmp_get_blocktime=1)
    assert process.openmp_runtime() == "/lib/libiomp5.so"
    assert process.openmp_settings() == {"max_threads": "2", "num_places": "2", "place_cpus": "1", "blocktime_ms": "1"}


def test_libgomp_knows_no_blocktime(symbols):
    """KMP_* without libiomp5 is ignored without a word."""
    symbols.files["GOMP_parallel"] = "/lib/libgomp.so.1"
    openmp(symbols, "/lib/libgomp.so.1", omp_get_max_threads=2, omp_get_num_places=0, omp_get_place_num=-1)
    assert process.openmp_settings() == {"max_threads": "2", "num_places": "0"}


def test_llvm_runtime_counts_where_nothing_calls_gccs(symbols):
    symbols.files["__kmpc_fork_call"] = "/lib/libomp.dylib"
    assert process.openmp_runtime() == "/lib/libomp.dylib"


def test_no_openmp_runtime(symbols):
    assert process.openmp_runtime() == ""
    assert process.openmp_settings() == {}


@linux
def test_cpus_are_the_union_over_threads():
    assert set(process.cpus_seen()) == os.sched_getaffinity(0)


def test_a_thread_that_ends_meanwhile_is_passed_over(monkeypatch):
    def affinity(task):
        if task == 0:
            return {3, 1}
        raise ProcessLookupError

    monkeypatch.setattr(process.os, "sched_getaffinity", affinity, raising=False)
    assert process.cpus_seen() == [1, 3]


def test_cpus_cannot_be_known_everywhere(monkeypatch):
    monkeypatch.delattr(process.os, "sched_getaffinity", raising=False)
    assert process.cpus_seen() == []


def test_what_the_launch_asked_for():
    assert process.cpus_asked({"SDPERF_CPUS": "4,0"}) == [0, 4]
    assert process.cpus_asked({}) == process.cpus_asked({"SDPERF_CPUS": ""}) == []
    assert process.threads_asked({"SDPERF_THREADS": "2"}) == process.threads_asked({"SDPERF_THREADS": "2,1"}) == 2
    assert process.threads_asked({}) == process.threads_asked({"SDPERF_THREADS": ""}) == 0
