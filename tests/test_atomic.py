import errno
import os
import stat
from pathlib import Path

import pytest

from pytest_sdperf import atomic
from pytest_sdperf.atomic import write_atomically


@pytest.fixture
def path(tmp_path):
    return tmp_path / "machine" / "case.json"


def test_folders_are_made_and_nothing_else_is_left(path):
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["case.json"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_the_file_is_as_readable_as_any_new_file_or_as_it_shall_be(path):
    write_atomically(path, b"one")
    plain = path.with_name("plain")
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    write_atomically(path, b"two", mode=0o604)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_link_is_replaced_and_not_followed(path, tmp_path):
    path.parent.mkdir()
    (tmp_path / "other").write_bytes(b"theirs")
    path.symlink_to(tmp_path / "other")
    write_atomically(path, b"ours")
    assert (tmp_path / "other").read_bytes() == b"theirs"
    assert not path.is_symlink()


def fail(number):
    def failing(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_old_file_and_no_temporary(path, monkeypatch, step):
    write_atomically(path, b"old")
    if step == "fsync":
        monkeypatch.setattr(atomic.os, "fsync", fail(errno.ENOSPC))
    else:
        monkeypatch.setattr(Path, step, fail(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left on device"):
        write_atomically(path, b"new", mode=0o644)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["case.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_really_full_device(path, monkeypatch):
    monkeypatch.setattr(atomic, "_write", lambda _temporary, data: Path("/dev/full").write_bytes(data))
    with pytest.raises(OSError, match="No space left on device"):
        write_atomically(path, b"new")
    assert list(path.parent.iterdir()) == []
