"""Which of pytest's arguments in the head hold for collecting in the base, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_sdperf.base.trees import Trees

# Plugins, settings, and how modules are imported: what decides on which variants are declared.
_PASSED_ON = {"-p": "", "-o": "", "--override-ini": "-o", "--import-mode": ""}
_FILES = {"-c": "", "--config-file": "-c"}


def passed_on(arguments: Sequence[str], trees: Trees, cwd: Path) -> list[str]:
    """The options of a command line that the base is collected with; a settings file of the tree is the base's own.

    ``cwd`` is where the head's pytest was started. A settings file that the base lacks is left out.
    """
    found: list[str] = []
    left = list(arguments)
    while left and left[0] != "--":
        name, value = _option(left)
        if name in _PASSED_ON and value is not None:
            found += [_PASSED_ON[name] or name, value]
        if name in _FILES and value is not None:
            file = Path(cwd, value)
            there = trees.in_base(file) or file
            if there.is_file():
                found += ["-c", str(there)]
    return found


def paths_of(arguments: Sequence[str], cwd: Path) -> list[str]:
    """Test paths as pytest has them (`config.args`), absolute and without the names of tests."""
    paths = [str(Path(cwd, argument.partition("::")[0])) for argument in arguments]
    return list(dict.fromkeys(paths))


def _option(left: list[str]) -> tuple[str, str | None]:
    """Take the next argument off, and its value where it is one of those that are passed on."""
    argument = left.pop(0)
    known = {**_PASSED_ON, **_FILES}
    name, equals, value = argument.partition("=")
    if name in known and name.startswith("--") and equals:
        return name, value
    if argument in known:
        return argument, left.pop(0) if left else None
    if argument[:2] in known and not argument.startswith("--"):
        return argument[:2], argument[2:]
    return argument, None
