"""A home folder without file locks, read-only, or none at all: the lock is named, and not the baseline, with its cure."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from pytest_sdperf.worker import environment as surroundings

CURE = "Name a folder on a local disk that can be written in the environment variable PYTEST_SDPERF_CACHE"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def refusing(monkeypatch, number, folder):
    """File systems whose locks answer so, below a folder."""
    real = fcntl.flock

    def flock(handle, operation):
        if Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(folder):
            raise OSError(number, os.strerror(number))
        return real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the tests look into Linux' processes")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_home_without_locks_is_named(project, told, monkeypatch, cache, number):
    refusing(monkeypatch, number, cache)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, f"the lock {cache}/locks/", f"cannot be taken ({os.strerror(number)}), so nothing was written", CURE)
    assert not list((project.path / "baselines").rglob("*.json"))


def test_a_home_that_is_a_file_is_named(project, told, cache):
    cache.write_text("no folder")
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, f"the lock {cache}/locks/", "cannot be taken (", CURE)


def test_a_read_only_home_is_named(project, told, monkeypatch, cache):
    """Root may write everywhere, so the system's answer is given here."""
    real = Path.mkdir

    def mkdir(self, *args, **kwargs):
        if self.is_relative_to(cache):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, f"the lock {cache}/locks/", "cannot be taken (Read-only file system)", CURE)


def test_a_run_that_writes_nothing_needs_no_lock(project, cache):
    project.record()
    for path in sorted(cache.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    cache.rmdir()
    cache.write_text("no folder")
    project.run("--sdperf-gate=picture,proof").assert_outcomes(passed=1)


def test_a_full_disk_is_still_the_baselines_own_fault(project, told, monkeypatch, cache):
    from pytest_sdperf import atomic

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "_write", full)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, "writing failed: No space left on device", "Make room or give write permission")


@pytest.mark.parametrize("name", ["onnxruntime", "openvino-genai", "hull"])
def test_an_upgrade_of_whatever_is_loaded_is_among_what_changed(project, weather, told, monkeypatch, name):
    versions = {name: "1.0"}
    monkeypatch.setattr(surroundings, "loaded_versions", lambda modules: dict(versions))
    project.record_with_a_past()
    versions[name] = "1.1"
    weather.step_ns["ship"] = 3_000_000
    result = project.run("--sdperf-gate=latency")
    result.assert_outcomes(failed=1)
    told(result, f"{name} 1.0 -> 1.1")


@pytest.mark.parametrize(
    "name", ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "MIMALLOC_ARENA_EAGER_COMMIT"]
)
def test_a_steering_variable_is_among_what_changed(project, weather, told, monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    project.record_with_a_past()
    monkeypatch.setenv(name, "1")
    weather.step_ns["ship"] = 3_000_000
    result = project.run("--sdperf-gate=latency")
    result.assert_outcomes(failed=1)
    told(result, f"{name} not set -> 1")
