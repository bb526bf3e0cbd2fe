"""One option as the tables of options and limits describe it."""

from typing import NamedTuple

from pytest_sdperf.options.values import Decide, Parser, Show


class OptionSpec(NamedTuple):
    """One option: its command-line flag, ini key and marker keyword follow from its name."""

    name: str
    parse: Parser
    help: str
    metavar: str
    decides: Decide
    "which value counts under --sdperf-baselines-from; of a limit the stricter one, or the base's where none is"
    show: Show = str
    on_command_line: bool = True
    on_marker: bool = False
    is_flag: bool = False
    part: str = ""
    "of the verdict, that it is a limit of; empty: it is none"

    @property
    def is_threshold(self) -> bool:
        return self.part != ""

    @property
    def dest(self) -> str:
        return "sdperf_enabled" if self.name == "sdperf" else f"sdperf_{self.name}"

    @property
    def flag(self) -> str:
        return "--sdperf" if self.name == "sdperf" else "--sdperf-" + self.name.replace("_", "-")

    @property
    def ini_key(self) -> str:
        return "sdperf" if self.name == "sdperf" else "sdperf_" + self.name

    def shown(self, value: object) -> str:
        """A value as people write it; ``none`` for None."""
        return "none" if value is None else self.show(value)
