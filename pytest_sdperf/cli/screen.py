"""Where output goes: how wide it may be, and whether it takes colour."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click

_NARROWEST = 40


@dataclass(frozen=True)
class Screen:
    """What stdout can show."""

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
