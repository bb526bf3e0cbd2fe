"""What a long session is doing, line by line, for logs that nobody can scroll back a spinner in."""

from __future__ import annotations

from collections.abc import Callable

from pytest_sdperf.report.plain import plain


class Progress:
    """Writes one line for each stage, with the time since the session's start."""

    def __init__(self, write: Callable[[str], None], clock_s: Callable[[], float]) -> None:
        self._write = write
        self._clock_s = clock_s
        self._start_s = clock_s()

    def tell(self, text: str) -> None:
        """Write ``text`` as one line: ``sdperf  72.1 s  openvino_static: process 2 of 3``."""
        self._write(f"sdperf {self._clock_s() - self._start_s:7.1f} s  {plain(text)}\n")
