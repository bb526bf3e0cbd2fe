"""The command `sdperf`: what people ask outside of a test run."""

from __future__ import annotations

import sys
from contextlib import suppress


def main() -> None:
    """Run the command with the arguments of this process, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark in its place, not a traceback.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # not on every stand-in of a stream
    try:
        from pytest_sdperf.cli.command import sdperf

        sdperf(prog_name="sdperf")
    except KeyboardInterrupt:  # before or after the part that the command watches over
        sys.exit(130)
