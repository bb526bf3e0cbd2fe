"""The group of subcommands: found by name and imported when asked for; errors in one line; exit codes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from pytest_sdperf import __version__
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.report.plain import plain

_LONGEST_ERROR = 2000

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed: `module:function` by name."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name; None for an unknown one."""
        if cmd_name not in self.lazy:
            return None
        module, _, name = self.lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown name is reported with the closest known one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            _unknown(ctx, args[0], list(self.lazy))


def _unknown(ctx: click.Context, name: str, known: list[str]) -> NoReturn:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise click.UsageError(f"no command '{plain(name)}'.{hint} Known: {', '.join(known)}.", ctx=ctx)


class _UserError(click.ClickException):
    """An error that the user can fix: one line, exit code 2."""

    exit_code = 2


class _Watched(LazyGroup):
    """The outermost group: what goes wrong below is reported in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SdperfError as error:
            raise _UserError(plain(str(error), _LONGEST_ERROR)) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


@click.group(
    cls=_Watched,
    lazy={
        "doctor": "pytest_sdperf.cli.doctor:doctor",
        "variants": "pytest_sdperf.cli.variants:variants",
        "baselines": "pytest_sdperf.cli.baselines:baselines",
        "compare": "pytest_sdperf.cli.compare:compare",
        "report": "pytest_sdperf.cli.report:report",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="sdperf")
def sdperf() -> None:
    """Look at machines, variants, baselines and reports of pytest-sdperf.

    Measuring and judging is pytest's: pytest --sdperf.

    \b
    Examples:
      sdperf doctor                        what can run here, and how noisy is it?
      sdperf baselines list                what is stored?
      sdperf compare before.json after.json
      sdperf report results.json --html report.html

    \b
    Exit codes:
      0    all is well
      1    something was found: a fault, nothing to compare, fp32 cannot run
      2    wrong usage, or a file that cannot be read or written
      130  interrupted

    Shell completion: eval "$(_SDPERF_COMPLETE=bash_source sdperf)" in ~/.bashrc (or zsh_source, fish_source).
    """
