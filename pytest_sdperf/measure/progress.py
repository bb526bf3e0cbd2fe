"""Progress of long work: its current step, since when, and when it should end. Step by step as values, to be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple


class Reach(Enum):
    """Who is shown a step."""

    LOG = "log"
    "everybody: a line of its own where lines cannot be redrawn"
    LIVE = "live"
    "who watches: only where the line is redrawn"
    TICK = "tick"
    "who watches, and not with each of them: there are many in a row"


class Step(NamedTuple):
    """The step that goes on now. (A named tuple, and no dataclass below: every pytest run makes these classes.)"""

    work: str
    "whose: a variant's name, a model's"
    doing: str
    "`process 2 of 3: timing 5 pictures at 512x512`"
    reach: Reach = Reach.LOG
    elapsed_s: float | None = None
    "since the work began; None where that says nothing"
    ends_s: float | None = None
    "when the work should end, in seconds since it began; None where nothing was measured yet"
    at_most: bool = False
    "True where it may well end before"

    @property
    def what(self) -> str:
        """``ship: pair 5 of at most 24: round 3 of 12``."""
        return f"{self.work}: {self.doing}"

    @property
    def clock(self) -> str:
        """``, 1:12 of at most 6:40``; empty where nobody waits: below a second."""
        if self.elapsed_s is None or max(self.elapsed_s, self.ends_s or 0.0) < 1:
            return ""
        elapsed = clock_text(self.elapsed_s)
        if self.ends_s is None:
            return f", {elapsed}"
        if self.elapsed_s > self.ends_s:
            return f", {elapsed}, longer than expected"
        return f", {elapsed} of {'at most' if self.at_most else 'about'} {clock_text(self.ends_s)}"

    @property
    def line(self) -> str:
        """Both of them."""
        return self.what + self.clock


Show = Callable[[Step], None]


def unseen(step: Step) -> None:
    """Show nothing: for work that nobody watches."""


class Progress:
    """One long piece of work on its way: it knows when it began, and reports its steps."""

    def __init__(self, work: str, show: Show, clock_s: Callable[[], float]) -> None:
        self.work, self.show, self.clock_s = work, show, clock_s
        self._part = ""
        self._ends_s: float | None = None
        self._at_most = False
        self._begun_s = clock_s()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work began."""
        return self.clock_s() - self._begun_s

    def part(self, part: str, *, ends_s: float | None = None, at_most: bool = False) -> None:
        """A part begins; ``ends_s`` is when the whole work should end, s since it began, None where nobody knows."""
        self._part, self._ends_s, self._at_most = part, ends_s, at_most
        self._tell(part, Reach.LIVE)

    def phase(self, phase: str) -> None:
        """A phase of the part begins."""
        self._tell(f"{self._part}: {phase}", Reach.LIVE)

    def tick(self, phase: str) -> None:
        """One of many small phases of the part begins."""
        self._tell(f"{self._part}: {phase}", Reach.TICK)

    def done(self, what: str, *, ends_s: float | None = None, at_most: bool = False) -> None:
        """Something is done that a log should have a line of; ``ends_s`` as above, as known by now."""
        self._ends_s, self._at_most = ends_s, at_most
        self._tell(what, Reach.LOG)

    def _tell(self, doing: str, reach: Reach) -> None:
        self.show(Step(self.work, doing, reach, self.elapsed_s, self._ends_s, self._at_most))


def expected_end_s(begun_s: Sequence[float], parts: int) -> float | None:
    """When work of ``parts`` like parts should end: ``begun_s`` has the beginning of each, and the end of the last.

    The parts to come are taken to last as long as those that are done, on average. None while none is done.
    """
    done = len(begun_s) - 1
    if done < 1:
        return None
    return begun_s[-1] + (begun_s[-1] - begun_s[0]) / done * (parts - done)


def clock_text(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``: whole seconds, rounded down as clocks do."""
    minutes, s = divmod(int(max(seconds, 0)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
