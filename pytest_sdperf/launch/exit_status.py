"""Tell how a worker ended: its exit code in words, and the last lines of its log."""

from __future__ import annotations

import signal
from pathlib import Path

_TAIL_LINES = 30
_TAIL_BYTES = 64 * 1024

_SIGNAL_CURES = {
    "SIGKILL": "Out of memory? Look into the kernel's log, use a smaller size or a machine with more memory",
    "SIGSEGV": "A native library crashed; the log ends with the Python line it was called from",
    "SIGABRT": "A native library gave up; the log ends with its reason and the Python line it was called from",
    "SIGILL": "A library uses instructions that this processor does not have",
}


def how_it_ended(code: int | None, doing: str) -> tuple[str, str]:
    """How a worker ended, and what to do about it."""
    if code is None:
        return f"the worker closed its pipe while {doing}", "The variant's code must leave open files of others alone."
    if code >= 0:
        return (
            f"the worker ended with exit code {code} while {doing}",
            "The log ends with the reason; a factory must return or raise, not exit.",
        )
    try:
        name = signal.Signals(-code).name
    except ValueError:  # real-time signals have no name
        name = "unnamed"
    cure = _SIGNAL_CURES.get(name, "Something outside of pytest-sdperf ended it; the log ends with its last words")
    return f"the worker was killed by signal {-code} ({name}) while {doing}", f"{cure}."


def log_tail(path: Path, *, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log, safe to print: control characters escaped, progress bars at their last state."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode(errors="backslashreplace")
    except OSError:
        return ""
    shown = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.rstrip().split("\n")[-lines:]]
    return "\n".join("".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line) for line in shown)
