"""Files, and what only looks like one."""

import io
import os
from pathlib import Path

import pytest

from pytest_sdperf.whole_file import read_stream, read_whole


def test_a_file_up_to_the_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert read_whole(path, most_bytes=4) == b"1234"
    assert read_whole(path, is_regular=True) == b"1234"
    with pytest.raises(OSError, match="it is larger than 3 B"):
        read_whole(path, most_bytes=3)


def test_a_stream_up_to_the_limit():
    assert read_stream(io.BytesIO(b"1234"), most_bytes=4) == b"1234"
    with pytest.raises(OSError, match="it is larger than 3 B"):
        read_stream(io.BytesIO(b"1234"), most_bytes=3)


@pytest.mark.skipif(os.name != "posix", reason="devices of POSIX")
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(name):
    with pytest.raises(OSError, match="it is a device, not a file"):
        read_whole(Path(name))


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_is_refused_where_a_regular_file_is_asked_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is no regular file"):
        read_whole(tmp_path / "pipe", is_regular=True)


@pytest.mark.parametrize("is_regular", [True, False])
def test_a_folder_and_a_missing_file_are_errors_of_their_own(tmp_path, is_regular):
    with pytest.raises(IsADirectoryError):
        read_whole(tmp_path, is_regular=is_regular)
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "missing", is_regular=is_regular)
