"""Tests that run in another process, or beside each other: their verdicts would be lost, or their timings wrong."""

from __future__ import annotations

import json
import os
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pytest_sdperf.errors import SdperfError

_BESIDE = "cases timed side by side disturb each other"
_APART = "the verdicts of tests in processes of their own are lost"


class _Runner(NamedTuple):
    """An option of a plugin that runs tests beside each other or elsewhere."""

    option: str
    flag: str
    effect: str
    cure: str
    off: tuple[object, ...] = (None, False, 0, "0", "no", [])
    "values that leave tests in pytest's own process, one after the other"
    module: str = ""
    "that must have been imported for the option to be this plugin's; empty: any"


_RUNNERS = (
    _Runner("numprocesses", "pytest-xdist's -n", _BESIDE, "Run it with -n 0 or without -n."),
    _Runner("dist", "pytest-xdist's --dist", _BESIDE, "Run it with -n 0 or without --dist.", module="xdist"),
    _Runner("tx", "pytest-xdist's --tx", _BESIDE, "Run it with -n 0 or without --tx.", module="xdist"),
    _Runner("forked", "--forked", _APART, "Run it without --forked."),
    _Runner("workers", "--workers", _BESIDE, "Run it without --workers.", module="pytest_parallel"),
    _Runner(
        "tests_per_worker",
        "--tests-per-worker",
        _BESIDE,
        "Run it without --tests-per-worker.",
        module="pytest_parallel",
    ),
    _Runner(
        "parallel_threads",
        "--parallel-threads",
        _BESIDE,
        "Run it with --parallel-threads=1.",
        off=(None, 0, 1, "0", "1"),
    ),
)

_LONGEST_MESSAGE = 4000
"""Bytes; less than what a pipe takes at once (PIPE_BUF is 4096 on Linux), so that no two messages are mixed."""


def refusal(options: Namespace, *, is_worker: bool) -> str:
    """Why a run with these options of pytest cannot measure, as a sentence; empty where it can."""
    for runner in _RUNNERS:
        is_on = getattr(options, runner.option, None) not in runner.off
        if is_on and (not runner.module or runner.module in sys.modules):
            return f"--sdperf cannot run under {runner.flag}: {runner.effect}. {runner.cure}"
    if is_worker:
        return f"--sdperf cannot run in a worker of pytest-xdist: {_BESIDE}. Run it with -n 0 or without -n."
    return ""


class Home:
    """The process and the thread that may measure: one at a time."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self.busy: tuple[str, str] | None = None
        "what is measured just now, and the node id of its test"

    @property
    def is_here(self) -> bool:
        """Whether this is the process that judges and reports."""
        return os.getpid() == self._process

    def check_process(self) -> None:
        """Raise SdperfError in any other process than the one that judges and reports."""
        if not self.is_here:
            raise SdperfError(
                f"this test measures in process {os.getpid()}, and the session that judges it is process "
                f"{self._process}: its verdict would be lost",
                cure="Leave out the option or plugin that runs tests in processes of their own, and call check and "
                "measure in the process of the test.",
            )

    @contextmanager
    def alone(self, what: str, nodeid: str) -> Iterator[None]:
        """Measure ``what`` for a test. Raises SdperfError in another process, or while another thread measures."""
        self.check_process()
        if not self._lock.acquire(blocking=False):
            other = self.busy[0] if self.busy else "a case"
            raise SdperfError(
                f"{what} cannot be measured while another thread measures {other}: cases timed side by side disturb "
                "each other",
                cure="Measure one after the other: leave out the plugin that runs tests in several threads, or join "
                "the thread.",
            )
        before, self.busy = self.busy, (what, nodeid)
        try:
            yield
        finally:
            self.busy = before
            self._lock.release()

    def send(self, *fields: str) -> None:
        """From a process that was forked off: report an error to the one that judges. Never raises, never waits."""
        message = json.dumps(fields).encode() + b"\n"
        if len(message) <= _LONGEST_MESSAGE:
            try:
                os.write(self._write, message)
            except OSError:
                return  # the pipe is full: the first errors are enough

    def received(self) -> Iterator[list[str]]:
        """What forked processes have sent since the last call."""
        data = b""
        while True:
            try:
                part = os.read(self._read, 1 << 16)
            except OSError:
                break  # nothing is left
            if not part:
                break
            data += part
        for line in data.splitlines():
            yield json.loads(line)

    def close(self) -> None:
        if self.is_here and self._read >= 0:
            os.close(self._read)
            os.close(self._write)
            self._read = self._write = -1
