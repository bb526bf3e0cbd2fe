import errno
import os
import stat
from pathlib import Path

import filelock
import pytest

from pytest_sdperf import atomic
from pytest_sdperf.errors import BaselineError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "machine" / "case.json"


def test_folders_are_made_and_nothing_else_is_left(path):
    atomic.write_atomically(path, b"one")
    atomic.write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["case.json"]


def test_the_lock_lies_outside_of_the_folder(path, tmp_path):
    atomic.write_atomically(path, b"one")
    assert not atomic.lock_path(path).is_relative_to(tmp_path)
    assert atomic.lock_path(path) != atomic.lock_path(path.with_name("other.json"))


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_the_file_is_as_readable_as_any_new_file(path):
    atomic.write_atomically(path, b"one")
    plain = path.with_name("plain")
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def fail(number):
    def failing(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_temporary(path, monkeypatch, step):
    atomic.write_atomically(path, b"old")
    if step == "fsync":
        monkeypatch.setattr(atomic.os, "fsync", fail(errno.ENOSPC))
    else:
        monkeypatch.setattr(Path, "replace", fail(errno.ENOSPC))
    with pytest.raises(BaselineError) as error:
        atomic.write_atomically(path, b"new")
    monkeypatch.undo()
    assert error.value.what == "writing failed: No space left on device; what was stored before is unchanged"
    assert error.value.where == str(path)
    assert error.value.cure == "Make room or give write permission, then run the same command again."
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["case.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_really_full_device(path, monkeypatch):
    path.parent.mkdir()
    monkeypatch.setattr(atomic, "_write", lambda _temporary, data: Path("/dev/full").write_bytes(data))
    with pytest.raises(BaselineError, match="No space left on device"):
        atomic.write_atomically(path, b"new")
    assert list(path.parent.iterdir()) == []


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "machine").write_text("")
    with pytest.raises(BaselineError, match="writing failed"):
        atomic.write_atomically(tmp_path / "machine" / "case.json", b"x")


def test_a_lock_that_is_never_released_is_named(path, monkeypatch):
    lock = atomic.lock_path(path)
    lock.parent.mkdir(parents=True)
    monkeypatch.setattr(atomic, "_WAIT_S", 0.0)
    with filelock.FileLock(lock), pytest.raises(BaselineError) as error:
        atomic.write_atomically(path, b"x")
    assert error.value.what == "another process has been writing for 0 s"
    assert error.value.cure == f"End it (lock {lock})."
    assert not path.exists()
