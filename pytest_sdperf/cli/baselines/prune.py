"""`sdperf baselines prune`: what of the stored files nothing needs any more; deletes only with --yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.streams import screen

if TYPE_CHECKING:
    from pytest_sdperf.baselines.upkeep import Prunable


@click.command(short_help="List or delete what nothing needs any more.")
@click.option("--tests", multiple=True, metavar="PATH", help="Tests whose conftests declare all your variants.")
@click.option("--unused-by", metavar="REPORT.json", help="Also cases that this whole run's --sdperf-json did not use.")
@click.option("--keep-runs", type=click.IntRange(min=1), metavar="N", help="Also runs older than the newest N.")
@click.option("--other-machines", is_flag=True, help="Also baselines of other machines than this one.")
@click.option("--yes", is_flag=True, help="Delete. Without it nothing is changed.")
@baselines_option
def prune(
    *,
    tests: tuple[str, ...],
    unused_by: str | None,
    keep_runs: int | None,
    other_machines: bool,
    yes: bool,
    folder: str | None,
) -> None:
    """List, and with --yes delete, what nothing needs any more.

    That is: baselines of variants that are gone (only with --tests, for a conftest may declare them), and reference
    pictures that no baseline is compared with. The options below add more. A file that cannot be read is never
    deleted: sdperf baselines verify says what is wrong with it. Nor are, with --unused-by, the baselines of a
    variant whose test failed or was skipped in that run.

    \b
    Examples:
      sdperf baselines prune
      sdperf baselines prune --tests=tests --yes
      sdperf baselines prune --unused-by=results.json
      sdperf baselines prune --keep-runs=3 --yes

    Exit code 1 where something could be deleted and --yes is not given.
    """
    from pytest_sdperf.baselines.inventory import inventory
    from pytest_sdperf.baselines.upkeep import Rules, prunable
    from pytest_sdperf.baselines.upkeep import prune as delete
    from pytest_sdperf.cli.project import variants_of
    from pytest_sdperf.cli.streams import read_report
    from pytest_sdperf.hardware.detection import detect
    from pytest_sdperf.hardware.machine import machine_key

    here = screen()
    root = baselines_folder(folder)
    used: dict[str, set[str]] = {}
    report = read_report(unused_by) if unused_by else None
    for outcome in report.outcomes if report else ():
        used.setdefault(outcome.measurement.environment.machine_key, set()).add(outcome.measurement.case_id)
    variants, problems = variants_of(tests)
    rules = Rules(
        variants=[variant.name for variant, _ in variants],
        # An installed package whose variants cannot be loaded may be the one that declares a baseline's.
        all_known=bool(tests) and not problems,
        used=used,
        unfinished=report.unfinished if report else {},
        only_machine=machine_key(detect()) if other_machines else "",
        keep_runs=keep_runs,
    )
    found = prunable(inventory(root), rules)
    if yes:
        delete(root, found)
    here.show(render(found, root=str(root), done=yes, problems=problems, width=here.width, colour=here.colour))
    if found and not yes:
        click.get_current_context().exit(1)


def render(found: Prunable, *, root: str, done: bool, problems: Sequence[str], width: int | None, colour: bool) -> str:
    """The files and runs that go, and why; ``done``: they are gone already."""
    from pytest_sdperf.cli.pages.text_page import Page
    from pytest_sdperf.units import format_bytes
    from pytest_sdperf.wording import plural

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
