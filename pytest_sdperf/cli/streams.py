"""Where reports come from and output goes: files, stdin, and a terminal of some width that may take colour."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_sdperf.errors import ReportError
from pytest_sdperf.whole_file import read_stream, read_whole

if TYPE_CHECKING:
    from pytest_sdperf.report.outcome import Report

STANDARD = "-"
"""Name of stdin and stdout."""

_NARROWEST = 40


@dataclass(frozen=True)
class Screen:
    """The width and colour that stdout can show."""

    width: int | None
    "terminal cells; None for a pipe or file: lines are as long as they are"
    colour: bool

    def show(self, text: str) -> None:
        """Write a rendering that was made for this screen."""
        click.echo(text, nl=False, color=self.colour)


def screen(environ: Mapping[str, str] = os.environ) -> Screen:
    """Of this process's stdout. NO_COLOR (no-color.org) and a terminal without colours are respected.

    COLUMNS sets the width of a pipe as well.
    """
    terminal = sys.stdout.isatty()
    known = terminal or environ.get("COLUMNS", "").isdecimal()
    colour = terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Screen(max(_NARROWEST, shutil.get_terminal_size().columns) if known else None, colour)


def read_report(name: str) -> Report:
    """The report that `--sdperf-json` wrote to ``name``, or that comes on stdin (`-`). Raises ReportError."""
    from pytest_sdperf.report import json

    where = "standard input" if name == STANDARD else name
    try:
        data = read_stream(sys.stdin.buffer) if name == STANDARD else read_whole(Path(name))
        text = data.decode()
    except OSError as error:
        raise ReportError(
            f"reading failed: {error.strerror or error}",
            where=where,
            cure="Name a file that --sdperf-json has written.",
        ) from error
    except UnicodeDecodeError as error:
        raise ReportError(
            f"this report is not UTF-8: {error}", where=where, cure="Write a new one with --sdperf-json=PATH."
        ) from error
    return json.read(text, where=where)
