"""The process at the other end of a round trip: sleeps, answers by a byte in a pipe, or spins on one in memory.

Started as a script without site-packages, so it imports nothing but the standard library.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress

SPIN, ECHO = b"s", b"e"

STRETCHES, FLIPS_A_STRETCH = 40, 50
_MOST_LOOKS = 5_000_000
"""At the byte until the other end must be gone: about half a second."""


class Stuck(Exception):  # noqa: N818
    """The other end does not answer."""


def ask(byte: mmap.mmap, flips: int) -> None:
    """Set the byte so often, and wait each time until the other end has cleared it. Raises Stuck."""
    for _ in range(flips):
        byte[0] = 1
        for _ in range(_MOST_LOOKS):
            if not byte[0]:
                break
        else:
            raise Stuck


def answer(byte: mmap.mmap, flips: int) -> None:
    """Clear the byte so often, each time when it was set. Raises Stuck."""
    for _ in range(flips):
        for _ in range(_MOST_LOOKS):
            if byte[0]:
                break
        else:
            raise Stuck
        byte[0] = 0


def main(argv: list[str]) -> None:
    """Serve until the pipe closes: ``argv`` has the file descriptor of the memory and the CPU to run on."""
    os.sched_setaffinity(0, {int(argv[1])})
    with mmap.mmap(int(argv[0]), mmap.PAGESIZE) as byte:
        while command := os.read(0, 1):
            os.write(1, command)
            if command == SPIN:
                with suppress(Stuck):  # the next probe begins anew
                    answer(byte, STRETCHES * FLIPS_A_STRETCH)


if __name__ == "__main__":
    main(sys.argv[1:])
