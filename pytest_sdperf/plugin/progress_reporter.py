"""Tells people at the terminal what goes on, past pytest's capture."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_sdperf.measure.progress import Reach, Step
from pytest_sdperf.report.plain import plain

if TYPE_CHECKING:
    import pytest

    from pytest_sdperf.plugin.live_line import LiveLine


_LONGEST_LINE = 1000
"""Characters: it may name another session's whole command line."""


class ProgressReporter:
    """The messages of one pytest run on its way. Without a terminal reporter (``-p no:terminal``) there are none."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def note(self, line: str) -> None:
        """One line that people must not miss, -q or not."""
        self.clear()
        with self._uncaptured() as reporter:
            if reporter is not None:
                reporter.ensure_newline()
                reporter.write_line(f"sdperf: {plain(line, _LONGEST_LINE)}")

    def show(self, step: Step) -> None:
        """One step of long work: redrawn on one line of a terminal, else a line of its own; not with -q."""
        if self._config.get_verbosity() < 0:
            return
        if self._live is not None:
            with self._uncaptured():  # its width is not known while its output is captured
                self._live.show(step._replace(work=f"sdperf: {plain(step.work, _LONGEST_LINE)}"))
        elif step.reach is Reach.LOG:
            self.note(step.line)

    def clear(self) -> None:
        """The work is done: no progress is left on the screen."""
        if self._live is not None:
            with self._uncaptured():
                self._live.clear()

    @cached_property
    def _live(self) -> LiveLine | None:
        """The line that is redrawn; None where output is a log."""
        from pytest_sdperf.plugin.live_line import LiveLine, can_be_redrawn

        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not can_be_redrawn(os.environ, isatty=reporter.isatty):
            return None
        return LiveLine(self._config.get_terminal_writer(), _write_to_stdout, time.perf_counter)

    @contextmanager
    def _uncaptured(self) -> Iterator[pytest.TerminalReporter | None]:
        """The reporter of pytest, None where there is none; meanwhile nothing is captured."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        with nullcontext() if capture is None else capture.global_and_fixture_disabled():
            yield reporter


def _write_to_stdout(text: str) -> None:
    """While nothing is captured, that is the file that pytest's reporter writes to."""
    sys.stdout.write(text)
    sys.stdout.flush()
