from __future__ import annotations

from pathlib import Path

import filelock
import platformdirs
import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.cache import cache_dir, locked, publish, sweep


def test_variable_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path


def test_relative_and_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTEST_SDPERF_CACHE", "~/kept")
    assert cache_dir() == tmp_path / "kept"
    monkeypatch.setenv("PYTEST_SDPERF_CACHE", "kept")
    assert cache_dir() == tmp_path / "kept"


@pytest.mark.parametrize("value", [None, ""])
def test_else_the_platform_decides(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("PYTEST_SDPERF_CACHE", raising=False)
    else:
        monkeypatch.setenv("PYTEST_SDPERF_CACHE", value)
    assert cache_dir() == Path(platformdirs.user_cache_dir("pytest-sdperf", appauthor=False))


def test_locked_makes_the_folder_and_excludes_others(tmp_path):
    target = tmp_path / "a" / "b" / "model"
    with locked(target), pytest.raises(ModelError) as caught, locked(target, timeout_s=0):
        pass
    assert str(caught.value) == (
        f"another process has held {target}.lock for 0 s. Wait for the other session, or end it if it hangs."
    )
    with locked(target, timeout_s=0):
        pass


def test_disk_errors_name_folder_and_variable(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(
            ModelError, match=r"cannot be used: the lock .*model\.lock cannot .*variable PYTEST_SDPERF_CACHE"
        ),
        locked(tmp_path / "file" / "model"),
    ):
        pass
    with (
        pytest.raises(ModelError, match=r"cannot be written \(\[Errno 28\] No space left on device\)"),
        locked(tmp_path / "model"),
    ):
        raise OSError(28, "No space left on device")


def test_publish_moves_the_whole(tmp_path):
    target = tmp_path / "model"

    def build(folder):
        assert folder.parent.parent == tmp_path
        (folder / "x").write_text("new")
        assert not target.exists()

    publish(target, build)
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert (target / "x").read_text() == "new"


def test_publish_replaces(tmp_path):
    publish(tmp_path / "model", lambda folder: (folder / "old").touch())
    publish(tmp_path / "model", lambda folder: (folder / "new").touch())
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_failed_build_leaves_the_old_one(tmp_path):
    publish(tmp_path / "model", lambda folder: (folder / "old").touch())

    def fail(folder):
        (folder / "half").touch()
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the build's own error passes unchanged
        publish(tmp_path / "model", fail)
    assert [p.name for p in tmp_path.rglob("*")] == ["model", "old"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / ".model-abc" / "new").mkdir(parents=True)
    (tmp_path / ".other-abc").mkdir()
    publish(tmp_path / "model", lambda folder: None)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".other-abc", "model"]


def test_lock_file_lies_beside_the_target(tmp_path):
    with locked(tmp_path / "model"):
        assert not filelock.FileLock(tmp_path / "model.lock").is_locked
        assert (tmp_path / "model.lock").exists()


def test_half_made_folders_of_killed_processes_are_swept_and_nothing_else(tmp_path):
    for name in (
        "models/.a-x1y2",
        "models/.b-x1y2",
        "models/.stranger-x",
        "openvino/c.partial",
        "openvino/d",
        "models/a",
    ):
        (tmp_path / name).mkdir(parents=True)
    for name in ("models/a.lock", "models/b.lock", "openvino/c.lock", "openvino/d.lock"):
        (tmp_path / name).touch()
    with locked(tmp_path / "models" / "b"):
        sweep(tmp_path)
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.glob("*/*") if p.is_dir()}
    assert left == {"models/.b-x1y2", "models/.stranger-x", "openvino/d", "models/a"}
    sweep(tmp_path / "none")


@pytest.mark.parametrize("name", ["model/weights", "model.lock", "", ".."])
def test_an_error_that_names_something_of_the_folder_is_the_caches(tmp_path, name):
    place = tmp_path / "cache" / name
    with (
        pytest.raises(ModelError, match=r"cache folder .* cannot be written \(.*Permission denied"),
        locked(tmp_path / "cache" / "model"),
    ):
        raise PermissionError(13, "Permission denied", str(place))


@pytest.mark.parametrize("error", [PermissionError(13, "no", "/elsewhere"), OSError("no"), OSError(5, "no", 3)])
def test_others_are_not(tmp_path, error):
    with pytest.raises(OSError) as raised, locked(tmp_path / "model"):  # noqa: PT011
        raise error
    assert raised.value is error


def test_a_lock_that_is_held_keeps_what_its_holder_makes(tmp_path):
    (tmp_path / "models" / ".toy-abc").mkdir(parents=True)
    with locked(tmp_path / "models" / "toy"):
        sweep(tmp_path)
    assert (tmp_path / "models" / ".toy-abc").is_dir()
