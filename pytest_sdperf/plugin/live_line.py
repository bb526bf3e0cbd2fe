"""One line below the cursor of a terminal that is redrawn, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from pytest_sdperf.measure.progress import Reach, Step
from pytest_sdperf.report.plain import cut, plain

_TICK_S = 1.0
"""Seconds between two redraws for mere ticks."""

_LONGEST_LINE = 1000


class Terminal(Protocol):
    """The part of pytest's TerminalWriter that is used here."""

    @property
    def fullwidth(self) -> int: ...

    @property
    def width_of_current_line(self) -> int: ...


def can_be_redrawn(environ: Mapping[str, str], *, isatty: bool) -> bool:
    """Whether lines can be redrawn: somebody watches, and the terminal knows how.

    CI systems that lend a terminal keep what it shows as a log, with every redrawn line in it.
    """
    return isatty and environ.get("TERM") != "dumb" and not environ.get("CI")


class LiveLine:
    """The line below the one that pytest is writing.

    It is redrawn when something happens and never by a timer: a thread that wakes up ten times a second, and the
    terminal that draws for it, would take their time from the CPUs whose work is being measured. For the same reason
    nothing happens while a picture is timed: who measures tells a step before it begins, or between two pictures.
    """

    def __init__(self, terminal: Terminal, write: Callable[[str], None], clock_s: Callable[[], float]) -> None:
        self._terminal = terminal
        self._write = write
        "takes control sequences, past whatever counts the width of the current line"
        self._clock_s = clock_s
        self._drawn_s: float | None = None
        "when; None: the line is empty"

    def show(self, step: Step) -> None:
        """Redraw; a tick too soon after the last time changes nothing."""
        from rich.cells import cell_len

        now_s = self._clock_s()
        if step.reach is Reach.TICK and self._drawn_s is not None and now_s - self._drawn_s < _TICK_S:
            return
        # A terminal wraps what reaches its last column, and then there are two lines to clear.
        room = self._terminal.fullwidth - 1
        clock = cut(step.clock, room, cell_len)
        self._draw(cut(plain(step.what, _LONGEST_LINE), room - cell_len(clock), cell_len) + clock)
        self._drawn_s = now_s

    def clear(self) -> None:
        """Leave no trace, the cursor where it was."""
        if self._drawn_s is not None:
            self._draw("")
            self._drawn_s = None

    def _draw(self, text: str) -> None:
        """A line down, everything from there on replaced by the text, and back up to the same column.

        All of it is relative, so that it holds where the line down made the terminal scroll.
        """
        column = max(self._terminal.width_of_current_line, 0) % max(self._terminal.fullwidth, 1)
        right = f"\x1b[{column}C" if column else ""  # 0 would move by one
        self._write(f"\n\r\x1b[J{text}\x1b[A\r{right}")
