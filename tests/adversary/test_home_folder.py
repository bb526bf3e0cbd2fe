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
def test_a_home_without_locks_is_named(project, weather, told, monkeypatch, cache, number):
    refusing(monkeypatch, number, cache)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, f"the lock {cache}/locks/", f"cannot be taken ({os.strerror(number)}), so nothing was written", CURE)
    assert weather.processes == []
    assert not list((project.path / "baselines").rglob("*.json"))


def test_a_home_that_is_a_file_is_named(project, told, cache):
    cache.write_text("no folder")
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, f"the lock {cache}/locks/", "cannot be taken (", CURE)


def test_a_read_only_home_is_named(project, weather, told, monkeypatch, cache):
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
    assert weather.processes == []


@pytest.mark.parametrize(
    ("update", "test"),
    [
        ("new", "def test_ship(sd_ship): sd_ship.check(num_inference_steps=2)"),
        ("all", "def test_ship(sd_ship): sd_ship.check(num_inference_steps=2)"),
        ("new", "import pytest\n@pytest.mark.sdperf\ndef test_ship(sd_ship): sd_ship.measure(num_inference_steps=2)"),
    ],
)
def test_nothing_is_measured_that_could_not_be_recorded(project, weather, told, cache, update, test):
    """A case takes minutes, and the lock is needed at its end."""
    project.test(f"    {test}".replace("\n", "\n    "))
    cache.write_text("no folder")
    result = project.run(f"--sdperf-update={update}", "--sdperf-json=out.json")
    result.assert_outcomes(failed=1)
    told(result, f"ship: not measured: the lock {cache}/locks/", "so nothing was written", CURE)
    assert weather.processes == []
    assert not (project.path / "baselines").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that nobody can write to")
@pytest.mark.parametrize("folder", ["/proc/sdperf", "/proc/sdperf/baselines", "test_it.py", "test_it.py/baselines"])
def test_a_baselines_folder_that_cannot_be_written_is_found_before(project, weather, told, folder):
    result = project.run("--sdperf-update=new", f"--sdperf-baselines={folder}")
    result.assert_outcomes(failed=1)
    told(result, "ship: not measured: writing failed: ", "Make room or give write permission", folder)
    assert weather.processes == []


def test_a_folder_of_references_that_cannot_be_written_is_found_before(project, weather, told):
    (project.path / "baselines").mkdir()
    (project.path / "baselines" / "references").write_text("no folder")
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, "ship: not measured: writing failed: Not a directory", f"{project.path}/baselines/references/")
    assert weather.processes == []


def test_what_is_not_to_be_recorded_needs_no_lock(project, weather, cache):
    project.record()
    for path in sorted(cache.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    cache.rmdir()
    cache.write_text("no folder")
    project.run("--sdperf-update=new", "--sdperf-gate=picture,proof").assert_outcomes(passed=1)
    project.test("def test_ship(sd_ship):\n    sd_ship.measure(num_inference_steps=2)\n")
    project.run("--sdperf-update=all").assert_outcomes(passed=1)


def test_looking_leaves_nothing_behind(project):
    project.test("def test_ship(sd_ship):\n    sd_ship.check(num_inference_steps=2, height=7)\n")

    def left():
        return sorted(path for path in project.path.rglob("*") if "__pycache__" not in path.parts)

    before = left()
    project.run("--sdperf-update=new").assert_outcomes(failed=1)
    assert left() == before


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
