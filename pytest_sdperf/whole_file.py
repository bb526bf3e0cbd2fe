"""Read a file that somebody named, up to a size: neither a device nor an endless stream is read for ever."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import BinaryIO

from pytest_sdperf.units import format_bytes

MOST_BYTES = 256 << 20
"""Far above any report; a report with all its pictures has a few megabytes."""


def read_whole(path: Path, *, is_regular: bool = False, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file. Raises OSError, also for a device and for more than ``most_bytes``.

    ``is_regular`` refuses pipes and sockets as well, which would be waited for.
    """
    mode = path.stat().st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EINVAL, "it is a device, not a file")
    if is_regular and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("rb") as file:
        return read_stream(file, most_bytes=most_bytes)


def read_stream(stream: BinaryIO, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a stream. Raises OSError for more than ``most_bytes``."""
    data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {format_bytes(most_bytes)}")
    return data
