"""Folders for temporary files: locked while they are used, swept when their owner was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sdperf.launch import temporary
from pytest_sdperf.launch.temporary import TemporaryFolder, sweep, temporary_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no worker starts elsewhere")


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(temporary, "_swept", set())


def left_by_a_killed_process(place):
    """A folder whose owner was killed."""
    script = (
        "import os, sys; from pathlib import Path; from pytest_sdperf.launch.temporary import TemporaryFolder\n"
        "print(TemporaryFolder(Path(sys.argv[1])).path, flush=True); os.kill(os.getpid(), 9)"
    )
    said = subprocess.run([sys.executable, "-c", script, str(place)], capture_output=True, text=True, check=False)
    assert said.returncode == -9, said.stderr
    return said.stdout.strip()


def test_a_folder_goes_with_its_owner(tmp_path):
    folder = TemporaryFolder(tmp_path)
    assert folder.path.parent == tmp_path
    (folder.path / "something").mkdir()
    folder.remove()
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_owners_folder_is_removed_by_the_next_and_a_live_ones_is_not(tmp_path):
    alive = TemporaryFolder(tmp_path)
    left = left_by_a_killed_process(tmp_path)
    assert Path(left).exists()
    temporary._swept.clear()
    fresh = TemporaryFolder(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive.path, fresh.path])
    alive.remove()
    fresh.remove()


def test_a_place_is_swept_once_a_process(tmp_path):
    TemporaryFolder(tmp_path).remove()
    left = left_by_a_killed_process(tmp_path)
    TemporaryFolder(tmp_path).remove()
    assert Path(left).exists()


@pytest.mark.parametrize(("age_s", "stays"), [(23 * 3600, True), (25 * 3600, False)])
def test_a_folder_without_a_lock_is_removed_when_it_is_a_day_old(tmp_path, age_s, stays):
    folder = tmp_path / "sdperf-abcd1234"
    folder.mkdir()
    then = temporary.time.time() - age_s
    os.utime(folder, (then, then))
    sweep(tmp_path)
    assert folder.exists() == stays


@pytest.mark.parametrize(
    "name", ["sdperf-base-2c7bd6e352-17-abcdefgh", "sdperf-mine", "other-abcd1234", "sdperf-ABCD1234"]
)
def test_other_names_are_left_alone(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / temporary._LOCK).touch()
    sweep(tmp_path)
    assert (tmp_path / name).exists()


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / temporary._LOCK).touch()
    (tmp_path / "sdperf-abcd1234").symlink_to(target)
    sweep(tmp_path)
    assert target.exists()


def test_another_users_folder_is_left_alone(tmp_path, monkeypatch):
    left = left_by_a_killed_process(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    sweep(tmp_path)
    assert Path(left).exists()


def test_without_locks_a_folder_works_and_age_is_left_to_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary, "_flock", lambda lock, *, wait: False)
    folder = TemporaryFolder(tmp_path)
    sweep(tmp_path)
    assert folder.path.exists()
    folder.remove()


def test_a_folder_that_was_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    def swept(lock, *, wait):
        if len(list(tmp_path.iterdir())) == 1 and not taken:
            taken.append(next(tmp_path.iterdir()))
            (taken[0] / temporary._LOCK).unlink()
            taken[0].rmdir()
        return True

    taken = []
    monkeypatch.setattr(temporary, "_flock", swept)
    folder = TemporaryFolder(tmp_path)
    assert folder.path != taken[0]
    assert folder.path.exists()
    folder.remove()


def test_the_block_removes_its_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))
    with temporary_folder() as folder:
        assert folder.is_dir()
    assert not folder.exists()
