"""`sdperf report`: render a JSON report again, from the file alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pytest_sdperf.cli.streams import STANDARD, read_report, screen
from pytest_sdperf.errors import ReportError
from pytest_sdperf.report.formats import RENDERINGS, write_text

_FILES = {name: rendering for name, rendering in RENDERINGS.items() if name != "json"}
"""Renderings that can be made of a JSON report."""

_ENDLESS = 500
"""Cells: the summary table with all of its columns, for a pipe."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, made in reversed(_FILES.items()):
        option = click.option(f"--{name}", name.replace("-", "_"), metavar="PATH", help=f"Write here: {made.summary}")
        command = option(command)
    return command


@click.command(short_help="Render a JSON report again: terminal, HTML, Markdown …")
@click.argument("file", metavar="FILE.json")
@_options
def report(file: str, **paths: str | None) -> None:
    """Render a JSON report (pytest --sdperf --sdperf-json=PATH) again, from the file alone.

    Without an option the summary is printed as at the end of the run. FILE.json may be - for stdin, PATH - for stdout.

    \b
    Examples:
      sdperf report results.json
      sdperf report results.json --html report.html --markdown summary.md
      sdperf report results.json --bencher - | bencher run --adapter json ...
    """
    found = read_report(file)
    wanted = {name: path for name in _FILES if (path := paths[name.replace("-", "_")]) is not None}
    if not wanted:
        from pytest_sdperf.report import terminal

        here = screen()
        here.show(terminal.render(found, width=here.width or _ENDLESS, colour=here.colour))
        return
    for name, path in wanted.items():
        _FILES[name].check(path, where=f"--{name}")
        if STANDARD not in (path, file) and Path(path).resolve() == Path(file).resolve():
            raise ReportError(f"{path} is the report itself", where=f"--{name}", cure="Name another file.")
    # All are rendered before the first is written: one that fails leaves nothing half done.
    texts = {name: _FILES[name](found) for name in wanted}
    for name, path in wanted.items():
        _write(path, texts[name], where=f"--{name}")


def _write(path: str, text: str, *, where: str) -> None:
    if path == STANDARD:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        write_text(Path(path), text)
    except OSError as error:
        raise ReportError(
            f"{path} cannot be written: {error.strerror or error}", where=where, cure="Name a file that can be written."
        ) from error
    click.echo(f"{where.removeprefix('--')}: {path}", err=True)
