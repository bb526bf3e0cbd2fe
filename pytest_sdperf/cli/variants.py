"""`sdperf variants`: every known variant, and whether it can run here."""

from __future__ import annotations

import click

from pytest_sdperf.cli.streams import screen

_ALL = "Listed are the built-in variants, those of installed packages, and those of the conftests named."
_SOME = (
    "Listed are the built-in variants and those of installed packages (entry points). "
    "Those of a conftest.py are listed too with its folder: sdperf variants tests"
)


@click.command(short_help="Known variants, and whether they can run here.")
@click.argument("tests", nargs=-1)
def variants(tests: tuple[str, ...]) -> None:
    """List variants: what they are, need and prove, how they are launched, whether they can run here.

    Those of a conftest.py are listed where TESTS names its folder; pytest then collects there, in a process of its
    own, without importing test modules.

    \b
    Examples:
      sdperf variants
      sdperf variants tests/perf
    """
    from pytest_sdperf.cli.pages.variants_page import render
    from pytest_sdperf.cli.project import variants_of
    from pytest_sdperf.doctor.runnable import runnable

    here = screen()
    found, problems = variants_of(tests)
    note = _ALL if tests else _SOME
    here.show(render(runnable(found), problems=problems, note=note, width=here.width, colour=here.colour))
    if problems:
        click.get_current_context().exit(1)
