"""Progress lines carry the time since the start and are one line each."""

from __future__ import annotations

from pytest_sdperf.report.progress import Progress


def test_a_line_with_the_time_since_the_start() -> None:
    written: list[str] = []
    ticks = iter([100.0, 172.06, 1100.0])
    progress = Progress(written.append, lambda: next(ticks))
    progress.tell("openvino_static: process 2 of 3")
    progress.tell("a name\nwith \x1b[2J")
    assert written == ["sdperf    72.1 s  openvino_static: process 2 of 3\n", "sdperf  1000.0 s  a name\\nwith \\x1b[2J\n"]
