"""The page of `sdperf baselines verify`."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.baselines.inventory import Inventory
from pytest_sdperf.cli.pages.page import Page
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.wording import plural


def render(found: Inventory, faults: Sequence[BaselineError], *, width: int | None, colour: bool) -> str:
    """Every fault with its file and cure, then what was read."""
    page = Page(width=width, colour=colour)
    for fault in faults:
        page.line(f"FAULT {fault.where}", style="red")
        page.pairs([("what", fault.what), ("cure", fault.cure)])
    for path in found.strangers:
        page.line(f"neither a baseline nor a picture: {path.relative_to(found.root)}", style="yellow")
    read = f"{plural(len(found.files), 'baseline')} and {plural(len(found.pictures), 'picture')} in {found.root}"
    page.line(f"{read}: {plural(len(faults), 'fault')}" if faults else f"{read}: all is well", style="bold")
    return page.text()
