"""`sdperf baselines verify`: read every file with its schema, and every picture."""

from __future__ import annotations

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.screen import screen


@click.command(short_help="Check every stored file.")
@baselines_option
def verify(folder: str | None) -> None:
    """Check every stored file: schema, samples, names and machines, pictures and their digests.

    \b
    Examples:
      sdperf baselines verify
      sdperf baselines verify --baselines=baselines || exit 1     # in CI

    Exit code 1 where there is a fault; each is told with its file and cure.
    """
    from pytest_sdperf.baselines.inventory import inventory
    from pytest_sdperf.baselines.verifying import faults
    from pytest_sdperf.cli.pages.faults import render

    here = screen()
    found = inventory(baselines_folder(folder), pixels=True)
    wrong = faults(found)
    here.show(render(found, wrong, width=here.width, colour=here.colour))
    if wrong:
        click.get_current_context().exit(1)
