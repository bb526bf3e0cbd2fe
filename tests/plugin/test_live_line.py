"""The line that is redrawn, on a terminal that is emulated: it fits, and it leaves the screen as it was."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_sdperf.measure.progress import Reach, Step
from pytest_sdperf.plugin.live_line import LiveLine, can_be_redrawn

HEIGHT = 5


class Terminal:
    """A terminal, and pytest's writer of it."""

    def __init__(self, width):
        self.fullwidth = width
        self.screen = pyte.Screen(width, HEIGHT)
        self.screen.set_mode(pyte.modes.LNM)  # as the tty does: a newline begins at the left
        self._stream = pyte.Stream(self.screen)
        self._line = ""
        self.now_s = 0.0
        self.writes = []
        self.live = LiveLine(self, self.write_raw, lambda: self.now_s)

    @property
    def width_of_current_line(self):
        return cell_len(self._line)

    def write(self, text):
        """What pytest writes."""
        self._line = (self._line + text).rsplit("\n", 1)[-1]
        self._stream.feed(text)

    def write_raw(self, text):
        self.writes.append(text)
        self._stream.feed(text)

    @property
    def lines(self):
        """What can be seen, without empty lines at the end."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    @property
    def cursor(self):
        return self.screen.cursor.y, self.screen.cursor.x


def step(doing, reach=Reach.LIVE, **more):
    return Step("ship", doing, reach, **more)


def test_it_is_redrawn_below_what_pytest_writes_and_leaves_nothing():
    terminal = Terminal(80)
    terminal.write("test_it.py ..")
    terminal.live.show(step("process 1 of 3: building"))
    assert terminal.lines == ["test_it.py ..", "ship: process 1 of 3: building"]
    terminal.live.show(step("process 2 of 3", elapsed_s=2.0, ends_s=6.0))
    assert terminal.lines == ["test_it.py ..", "ship: process 2 of 3, 0:02 of about 0:06"]
    terminal.live.clear()
    assert terminal.lines == ["test_it.py .."]
    terminal.write(". [100%]\n")
    assert terminal.lines == ["test_it.py ... [100%]"]


def test_of_a_long_step_the_clock_is_kept():
    terminal = Terminal(50)
    terminal.live.show(
        step("pair 7 of at most 24 (+2.9 % so far): building and warming up", elapsed_s=72.0, ends_s=400.0)
    )
    assert terminal.lines[1] == "ship: pair 7 of at most 24 (…, 1:12 of about 6:40"
    assert len(terminal.lines[1]) < 50


def test_at_the_bottom_the_screen_scrolls_and_still_nothing_is_left():
    terminal = Terminal(40)
    for number in range(HEIGHT):
        terminal.write(f"\nline {number} ")
    terminal.live.show(step("building"))
    assert terminal.lines == ["line 1", "line 2", "line 3", "line 4", "ship: building"]
    terminal.live.clear()
    terminal.write("PASSED")
    assert terminal.lines == ["line 1", "line 2", "line 3", "line 4 PASSED"]


def test_clearing_what_is_not_there_writes_nothing():
    terminal = Terminal(80)
    terminal.live.clear()
    assert terminal.writes == []
    terminal.live.show(step("building"))
    terminal.live.clear()
    terminal.live.clear()
    assert len(terminal.writes) == 2


def test_ticks_are_drawn_once_a_second_and_all_else_at_once():
    terminal = Terminal(80)
    shown = []
    for now_s, reach, doing in (
        (0.0, Reach.TICK, "first"), (0.99, Reach.TICK, "too soon"), (1.0, Reach.TICK, "second"), (1.1, Reach.LIVE, "phase"),
        (1.2, Reach.LOG, "done"), (2.19, Reach.TICK, "too soon"), (2.2, Reach.TICK, "third"),
    ):  # fmt: skip
        terminal.now_s = now_s
        before = len(terminal.writes)
        terminal.live.show(step(doing, reach))
        if len(terminal.writes) > before:
            shown.append(doing)
    assert shown == ["first", "second", "phase", "done", "third"]


@settings(max_examples=60)
@given(
    width=st.integers(20, 200),
    before=st.text(alphabet="abc/._帆", max_size=60),
    doing=st.text(max_size=300),
    elapsed_s=st.none() | st.floats(0, 1e6),
)
def test_whatever_is_told_fits_one_line_and_leaves_nothing(width, before, doing, elapsed_s):
    terminal = Terminal(width)
    terminal.write(before)
    if before and cell_len(before) % width == 0:
        return  # the cursor waits beyond the last column, where no terminal can be sent back to
    seen, cursor = terminal.lines, terminal.cursor
    terminal.live.show(step(doing, elapsed_s=elapsed_s))
    assert terminal.lines[: len(seen)] == seen
    assert len(terminal.lines) <= len(seen) + 1
    assert terminal.cursor == cursor
    terminal.live.clear()
    assert (terminal.lines, terminal.cursor) == (seen, cursor)


@pytest.mark.parametrize(
    ("environ", "isatty", "can"),
    [
        ({"TERM": "xterm"}, True, True),
        ({}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "CI": "true"}, True, False),
        ({"TERM": "xterm", "CI": ""}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, True),  # says nothing of lines
    ],
)
def test_who_gets_a_line_that_is_redrawn(environ, isatty, can):
    assert can_be_redrawn(environ, isatty=isatty) is can
