"""`sdperf baselines show`: one stored case in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.streams import screen
from pytest_sdperf.errors import BaselineError

if TYPE_CHECKING:
    from pytest_sdperf.baselines.inventory import StoredFile


@click.command(short_help="One stored case in full.")
@click.argument("case")
@click.option(
    "--machine", metavar="KEY", help="Machine key (default: this machine's, or the only one that has the case)."
)
@baselines_option
def show(case: str, machine: str | None, folder: str | None) -> None:
    """Show one baseline in full: runs, stages, cold start, kernels, evidence, environment.

    CASE is a case id, as sdperf baselines list shows it, or a file.

    \b
    Examples:
      sdperf baselines show openvino_static-bundled-128x128-20steps
      sdperf baselines show baselines/zen4-2cores-avx512_bf16/fp32-bundled-128x128-20steps.json
    """
    from pytest_sdperf.baselines.inventory import read_single
    from pytest_sdperf.cli.pages.baselines_page import render_show

    here = screen()
    file = read_single(Path(case)) if Path(case).is_file() else _stored(case, machine, baselines_folder(folder))
    here.show(render_show(file, width=here.width, colour=here.colour))


def _stored(case: str, machine: str | None, root: Path) -> StoredFile:
    import difflib

    from pytest_sdperf.baselines.inventory import inventory
    from pytest_sdperf.hardware.detection import detect
    from pytest_sdperf.hardware.machine import machine_key

    files = inventory(root).files
    found = {file.machine_key: file for file in files if file.case_id == case}
    key = machine or machine_key(detect())
    file = found.get(key)
    if file is None and machine is None and len(found) == 1:
        file = next(iter(found.values()))
    if file is None:
        known = list(dict.fromkeys(f.case_id for f in files))
        close = difflib.get_close_matches(case, known, n=1)
        others = f"It is stored for {', '.join(found)}: name one with --machine=KEY." if found else ""
        hint = f"Did you mean {close[0]!r}?" if close and not found else ""
        raise BaselineError(
            f"no baseline of {case!r} is stored for machine {key}",
            where=str(root),
            cure=others or hint or "See `sdperf baselines list`.",
        )
    if file.fault:
        raise file.fault
    return file
