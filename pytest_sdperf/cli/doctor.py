"""`sdperf doctor`: what this machine can run and why not, how noisy it is, what to change."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_sdperf.cli.streams import screen
from pytest_sdperf.doctor.diagnosis import Noise, Regimes
from pytest_sdperf.variant import REFERENCE_VARIANT


@click.command(short_help="What this machine can run and why not; how noisy it is.")
@click.option("--no-noise", is_flag=True, help="Leave out the noise measurement (10 to 15 s).")
def doctor(*, no_noise: bool) -> None:
    """Show what this machine can run and why not, layer by layer, and how noisy it is.

    Looks at CPU, cores, clock, memory, allocator, OpenMP runtimes, load and the needs of every variant (built in or
    of an installed package), then measures for some seconds how many pairs a comparison will take here, and the
    regime of the machine (the way between its CPUs). The host's
    lock is held meanwhile, so that no session is disturbed. Nothing is changed.

    \b
    Examples:
      sdperf doctor
      sdperf doctor --no-noise | less

    Exit code 0 where at least fp32 can run, which all pictures are compared with, else 1.
    """
    from pytest_sdperf.cli.pages.doctor_page import render
    from pytest_sdperf.doctor.examine import examine
    from pytest_sdperf.launch.host_lock import current_holder

    holder = current_holder()
    why_not = "left out" if no_noise else ""
    if holder and not no_noise:
        why_not = f"another sdperf session is measuring on this host ({holder})"
    here = screen()
    diagnosis = examine(None if why_not else _measure, no_noise=why_not)
    here.show(render(diagnosis, width=here.width, colour=here.colour))
    if not diagnosis.can_run(REFERENCE_VARIANT):
        click.get_current_context().exit(1)


def _measure() -> tuple[Noise, Regimes]:
    from pytest_sdperf.doctor.noise import PAIRS, measure_noise
    from pytest_sdperf.doctor.regimes import measure_regimes, stored_runs
    from pytest_sdperf.launch.host_lock import host_lock

    def waiting(line: str) -> None:
        click.echo(line, err=True)

    with (
        host_lock(waiting),
        click.progressbar(length=PAIRS, label="measuring noise", file=sys.stderr) as bar,
    ):
        return measure_noise(report=lambda _: bar.update(1)), measure_regimes(stored_runs(Path("baselines")))
