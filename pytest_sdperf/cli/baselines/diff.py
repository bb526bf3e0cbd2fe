"""`sdperf baselines diff`: two stored baselines, two folders of them, or a folder and a git revision."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.streams import screen
from pytest_sdperf.errors import BaselineError, ComparisonError

if TYPE_CHECKING:
    from pytest_sdperf.baselines.inventory import StoredFile
    from pytest_sdperf.cli.pages.changes_page import Sides

_HONEST = (
    "Levels of all recorded runs where a side has several (bounds from how far they differ), else medians of the "
    "processes of the newest one. Jobs of other hours: this describes the difference and decides nothing."
)


@click.command(short_help="Compare stored cases: files, folders, revisions.")
@click.argument("paths", nargs=-1, metavar="[A B]")
@click.option("--against", metavar="REV", help="Compare the folder with what this git revision holds of it.")
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this case; may be repeated.")
@baselines_option
def diff(paths: tuple[str, ...], against: str | None, cases: tuple[str, ...], folder: str | None) -> None:
    """Compare stored baselines: latency, memory, stages, kernels and environment, old and new.

    A and B are two files, or two folders of baselines. With --against=REV what a git revision holds is compared with
    the folder as it lies there; nothing is checked out.

    \b
    Examples:
      sdperf baselines diff --against=HEAD
      sdperf baselines diff --against=origin/main --case=fp32-bundled-128x128-20steps
      sdperf baselines diff old.json new.json
      sdperf baselines diff baselines ../other/baselines

    Exit code 1 where something differs.
    """
    from pytest_sdperf.baselines.inventory import inventory, read_single
    from pytest_sdperf.cli.pages.changes_page import render

    if (against is None) != (len(paths) == 2) or len(paths) not in (0, 2):
        raise click.UsageError("Name either two files or folders, or a revision with --against=REV.")
    if against is not None:
        root = baselines_folder(folder)
        sides = _sides((against, str(root)), (files_at(root, against), inventory(root).files), cases)
    elif all(Path(path).is_dir() for path in paths):
        before, after = (inventory(Path(path)).files for path in paths)
        sides = _sides((paths[0], paths[1]), (before, after), cases)
    else:
        one, other = (read_single(Path(path)) for path in paths)
        sides = _sides((paths[0], paths[1]), ([one], [other]), cases, single=True)
    here = screen()
    here.show(render(sides, honest=_HONEST, width=here.width, colour=here.colour))
    if sides.problems or sides.only_before or sides.only_after or any(not case.unchanged for case in sides.cases):
        click.get_current_context().exit(1)


def _sides(
    names: tuple[str, str],
    sides: tuple[list[StoredFile], list[StoredFile]],
    cases: tuple[str, ...],
    *,
    single: bool = False,
) -> Sides:
    """``single``: the only file of each side is compared with the other's, whatever case it is of."""
    from pytest_sdperf.cli.pages.changes_page import Compared, Sides
    from pytest_sdperf.diff.measurements import stored_changes

    for case in cases:
        if not any(file.case_id == case for files in sides for file in files):
            raise BaselineError(f"no side has the case {case!r}", where="--case", cure="See `sdperf baselines list`.")
    old, new = (
        {("", "") if single else (f.machine_key, f.case_id): f for f in files if not cases or f.case_id in cases}
        for files in sides
    )
    pairs = [(old[name].stored, new[name].stored) for name in old if name in new]
    return Sides(
        *names,
        cases=[Compared(stored_changes(one, other), unchanged=one == other) for one, other in pairs if one and other],
        only_before=[_name(file) for name, file in old.items() if name not in new],
        only_after=[_name(file) for name, file in new.items() if name not in old],
        problems=[str(file.fault) for files in (old, new) for file in files.values() if file.fault],
    )


def _name(file: StoredFile) -> str:
    return f"{file.machine_key}/{file.case_id}"


def files_at(root: Path, revision: str) -> list[StoredFile]:
    """Every baseline that ``root`` holds in ``revision``, whatever state it is in.

    Raises BaselineError for a revision that git does not know, and where ``root`` lies in no repository.
    """
    from pytest_sdperf.baselines.inventory import of_bytes
    from pytest_sdperf.baselines.store import REFERENCES

    if revision.startswith("-"):
        raise BaselineError(f"{revision!r} is not a revision", where="--against", cure="Name a branch, tag or commit.")
    listed = _git(root, revision, "ls-tree", "-r", "-z", "--name-only", f"{revision}^{{commit}}", "--", ".")
    found = []
    for name in filter(None, listed.split("\0")):
        path = Path(name)
        if len(path.parts) == 2 and path.suffix == ".json" and path.parts[0] != REFERENCES:
            data = os.fsencode(_git(root, revision, "cat-file", "blob", f"{revision}^{{commit}}:./{name}"))
            found.append(of_bytes(data, Path(f"{revision}:{name}"), path.parts[0], path.stem))
    return found


def _git(root: Path, revision: str, *arguments: str) -> str:
    from pytest_sdperf.base.checkout.git import git

    try:
        answer = git(root, *arguments)
    except ComparisonError as error:
        raise BaselineError(error.what, where="--against", cure="Install git, or compare two folders.") from error
    if not answer.ok:
        raise BaselineError(
            f"the baselines of {revision!r} cannot be read: {answer.reason}",
            where="--against",
            cure="Name a branch, tag or commit of the repository that the folder lies in; a shallow clone may lack it.",
        )
    return answer.out
