"""The page of `sdperf baselines prune`."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.baselines.prunable import Prunable
from pytest_sdperf.cli.pages.page import Page
from pytest_sdperf.units import format_bytes
from pytest_sdperf.wording import plural


def render(found: Prunable, *, root: str, done: bool, problems: Sequence[str], width: int | None, colour: bool) -> str:
    """What goes and why; ``done``: it is gone already."""
    page = Page(width=width, colour=colour)
    rows = [(str(r.path.relative_to(root)), r.why) for r in found.removals]
    rows += [(str(s.file.path.relative_to(root)), s.why) for s in found.shortenings]
    if rows:
        page.pairs(rows, indent=0)
    for note in (*found.notes, *problems):
        page.line(f"NOTE {note}", style="yellow")
    size = format_bytes(sum(removal.size_bytes for removal in found.removals))
    files = plural(len(found.removals), "file")
    shorter = f", {plural(len(found.shortenings), 'baseline')} shortened" if found.shortenings else ""
    if not found:
        page.line(f"nothing to delete in {root}", style="bold")
    elif done:
        page.line(f"deleted {files} ({size}){shorter}", style="bold")
    else:
        page.line(f"{files} ({size}) to be deleted{shorter}; nothing was changed: add --yes to do so", style="bold")
    return page.text()
