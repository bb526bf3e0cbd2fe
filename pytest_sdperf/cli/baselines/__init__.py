"""`sdperf baselines`: what is stored, whether it can be trusted, what differs, what may go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pytest_sdperf.cli.command import LazyGroup

_F = TypeVar("_F", bound=Callable[..., Any])


def baselines_option(command: _F) -> _F:
    """The option --baselines of every subcommand."""
    return click.option(
        "--baselines",
        "folder",
        metavar="DIR",
        help="Folder of baselines (default: that of pytest --sdperf here: sdperf_baselines below pytest's rootdir).",
    )(command)


_HERE = "pytest_sdperf.cli.baselines"


@click.group(
    cls=LazyGroup,
    short_help="List, show, compare, verify and prune stored baselines.",
    lazy={
        "list": f"{_HERE}.list:list_",
        "show": f"{_HERE}.show:show",
        "diff": f"{_HERE}.diff:diff",
        "prune": f"{_HERE}.prune:prune",
        "verify": f"{_HERE}.verify:verify",
    },
)
def baselines() -> None:
    """Look at stored baselines and reference pictures. Only `prune --yes` changes anything.

    Baselines are written by pytest --sdperf --sdperf-update=new (or all).

    \b
    Examples:
      sdperf baselines list
      sdperf baselines show fp32-bundled-128x128-20steps
      sdperf baselines diff --against=origin/main
      sdperf baselines verify && sdperf baselines prune
    """
