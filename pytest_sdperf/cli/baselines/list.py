"""`sdperf baselines list`: every stored case of every machine."""

from __future__ import annotations

import click

from pytest_sdperf.cli.baselines import baselines_option
from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.cli.streams import screen


@click.command("list", short_help="What is stored, machine by machine.")
@baselines_option
def list_(folder: str | None) -> None:
    """List what is stored: machines, cases, runs, newest date, latency, spread, peak memory, file size.

    Latency is the mean level of the recorded runs. The spread is that of the runs (standard deviation), or with ± the
    half range of the processes where only one run is stored.

    \b
    Examples:
      sdperf baselines list
      sdperf baselines list --baselines=fleet/baselines

    Exit code 1 where a file cannot be trusted.
    """
    from pytest_sdperf.baselines.inventory import inventory
    from pytest_sdperf.cli.pages.baselines_page import render_list
    from pytest_sdperf.hardware.detection import detect
    from pytest_sdperf.hardware.machine import machine_key

    here = screen()
    found = inventory(baselines_folder(folder))
    here.show(render_list(found, here=machine_key(detect()), width=here.width, colour=here.colour))
    if found.faults:
        click.get_current_context().exit(1)
