"""List the options that the change's own settings say otherwise than the base's, and whose word counts: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.options.values import of_change, of_change_named
from pytest_sdperf.policy.stricter import OWN, where_differing

NOT_GOVERNED = f"{OWN}, because no --sdperf-baselines-from says whose limits count"


class Settings(NamedTuple):
    """What the files of a tree say of our options, unread."""

    addopts: Mapping[str, object]
    ini: Mapping[str, object]


def altered_settings(
    head: Settings, base: Settings, command_line: Mapping[str, object], *, is_governed: bool
) -> list[str]:
    """One note for each option that ``head`` and ``base`` say differently, and the command line leaves to them.

    Where the base governs, only those for the whole session that count as the change has them: the others are told of
    with the tests that they concern. Else all that decide anything, each the change's.
    """
    notes = []
    for spec in SPECS:
        is_told_elsewhere = is_governed and (spec.decides is not of_change_named or spec.on_marker)
        if is_told_elsewhere or spec.decides is of_change or not spec.on_command_line:
            continue
        now, was = _value(spec, head), _value(spec, base)
        if now == was or command_line.get(spec.name) is not None:
            continue
        if isinstance(now, Mapping) and isinstance(was, Mapping):
            now, was = where_differing(now, was)
        whose = OWN if is_governed or spec.decides is of_change_named else NOT_GOVERNED
        notes.append(f"this change sets {spec.name} {_shown(spec, was)} -> {_shown(spec, now)}; {whose}")
    return notes


def _value(spec: OptionSpec, said: Settings) -> Any:
    """Read; as it is written, where it cannot be read."""
    given = said.addopts.get(spec.name)
    given = said.ini.get(spec.name) or None if given is None else given
    if given is None:
        options = Options()
        return getattr(options.thresholds if spec.is_threshold else options, spec.name)
    try:
        return spec.parse(given, where=spec.ini_key)
    except OptionError:
        return str(given)


def _shown(spec: OptionSpec, value: Any) -> str:
    return value if isinstance(value, str) else spec.shown(value)
