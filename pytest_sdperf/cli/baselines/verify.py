"""`sdperf baselines verify`: read every file with its schema, and every picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.streams import screen

if TYPE_CHECKING:
    from pytest_sdperf.baselines.inventory import Inventory
    from pytest_sdperf.errors import BaselineError


@click.command(short_help="Check every stored file.")
@baselines_option
def verify(folder: str | None) -> None:
    """Check every stored file: schema, samples, names and machines, pictures and their digests.

    \b
    Examples:
      sdperf baselines verify
      sdperf baselines verify --baselines=baselines || exit 1     # in CI

    Exit code 1 where there is a fault; each is named with its file and cure.
    """
    from pytest_sdperf.baselines.inventory import inventory
    from pytest_sdperf.baselines.upkeep import faults

    here = screen()
    found = inventory(baselines_folder(folder), pixels=True)
    wrong = faults(found)
    here.show(render(found, wrong, width=here.width, colour=here.colour))
    if wrong:
        click.get_current_context().exit(1)


def render(found: Inventory, wrong: Sequence[BaselineError], *, width: int | None, colour: bool) -> str:
    """Every fault with its file and cure, then what was read."""
    from pytest_sdperf.cli.pages.text_page import Page
    from pytest_sdperf.wording import plural

    page = Page(width=width, colour=colour)
    for fault in wrong:
        page.line(f"FAULT {fault.where}", style="red")
        page.pairs([("what", fault.what), ("cure", fault.cure)])
    for path in found.strangers:
        page.line(f"neither a baseline nor a picture: {path.relative_to(found.root)}", style="yellow")
    read = f"{plural(len(found.files), 'baseline')} and {plural(len(found.pictures), 'picture')} in {found.root}"
    page.line(f"{read}: {plural(len(wrong), 'fault')}" if wrong else f"{read}: all is well", style="bold")
    return page.text()
