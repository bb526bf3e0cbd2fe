"""Locks between processes, and file systems that have none."""

import errno
import os
import sys

import filelock
import pytest

from pytest_sdperf.file_lock import LockHeldError, NoLockError, check_locks, file_lock

fcntl = pytest.importorskip("fcntl")


def test_a_lock_is_held_for_the_block_and_its_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b.lock"
    with file_lock(path, 0):
        with pytest.raises(LockHeldError), file_lock(path, 0):
            pass
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(path).acquire(timeout=0)
    with file_lock(path, 0):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named_at_once(tmp_path, monkeypatch, number):
    def refuse(handle, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "x.lock"
    with pytest.raises(NoLockError) as caught, file_lock(path, 60.0):
        pass
    assert str(caught.value) == f"the lock {path} cannot be taken ({os.strerror(number)})"
    assert caught.value.path == path


def test_a_folder_that_cannot_be_made_is_no_place_for_a_lock(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(NoLockError, match="Not a directory"), file_lock(tmp_path / "home" / "locks" / "x.lock", 0):
        pass


def test_a_lock_of_another_process_shows_that_there_are_locks(tmp_path):
    path = tmp_path / "x.lock"
    with filelock.FileLock(path):
        check_locks(path)


@pytest.mark.parametrize("error", [OSError("disk full"), TimeoutError("the hub is slow")])
def test_errors_of_the_block_are_not_the_locks(tmp_path, error):
    with pytest.raises(type(error), match=str(error)), file_lock(tmp_path / "x.lock", 0):
        raise error


def test_off_posix_opening_is_locking(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    check_locks(tmp_path / "none" / "x.lock")
