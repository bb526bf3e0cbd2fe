"""Environment variables that a tree's conftests and plugins set, and those that the base's workers start with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_sdperf.base.trees import Trees
from pytest_sdperf.worker.environment import steering_variables

Changes = Mapping[str, str | None]
"""Variable -> the value it was given, None where it was removed."""

_APART = re.compile(
    r"PYTEST_.*|COV_CORE_.*|COVERAGE_PROCESS_.*|PYTHONPATH|PYTHONDONTWRITEBYTECODE|PY_COLORS|PWD|OLDPWD"
)
"""Variables of pytest and of how its processes are started, which lead into each side's own tree."""


def is_of_the_tree(name: str) -> bool:
    """Whether a variable that was set says anything of the tree that set it."""
    return not _APART.fullmatch(name)


@dataclass(frozen=True)
class HeadVariables:
    """What the head's conftests and plugins did to the environment."""

    at_start: Mapping[str, str]
    "the environment before any of them was imported"
    changes: Changes = field(default_factory=dict)
    "by the end of the collection"


@dataclass(frozen=True)
class BaseVariables:
    """The environment of the base's workers."""

    env: Mapping[str, str]
    differing: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    "variable -> (base's value, head's value), None where it is not set; paths into each side's own tree are the same"

    def notes(self, label: str) -> tuple[str, ...]:
        """A sentence that names what differs; values only of variables that steer threads, allocators and kernels."""
        if not self.differing:
            return ()
        named = ", ".join(_change(name, *values) for name, values in sorted(self.differing.items()))
        return (f"environment variables that conftests or plugins set, {label} -> head: {named}",)


def variables_of_base(
    session: Mapping[str, str], head: HeadVariables | None, base: Changes | None, trees: Trees
) -> BaseVariables:
    """The session's environment with what the base's conftests and plugins set in place of what the head's do.

    A variable that was changed since by a test module, a test or a fixture stays as it is, for both. So does
    everything where ``head`` or ``base`` is None, not known.
    """
    env, differing = dict(session), {}
    if head is None or base is None:
        return BaseVariables(env)
    for name in sorted({*head.changes, *base}):
        started = head.at_start.get(name)
        here, there = head.changes.get(name, started), base.get(name, started)
        if not is_of_the_tree(name) or here == there or session.get(name) != here or _is_over(here, there, trees):
            continue
        if there is None:
            del env[name]
        else:
            env[name] = there
        if not is_same_place(here, there, trees):
            differing[name] = there, here
    return BaseVariables(env, differing)


def is_same_place(head: str | None, base: str | None, trees: Trees) -> bool:
    """Whether two values are the same but for the tree that their paths lead into."""
    if head is None or base is None:
        return head is base
    return _without(base, trees.base, "tree") == _without(head, trees.head, "tree")


def _without(value: str, tree: Path, name: str) -> str:
    for folder in sorted({str(tree), str(tree.resolve())}, key=len, reverse=True):
        value = re.sub(rf"{re.escape(folder)}(?![^/:;,\s])", f"<{name}>", value)
    return value


def _is_over(head: str | None, base: str | None, trees: Trees) -> bool:
    """Whether the base's value is a folder or file that ended with the process that collected its variants."""
    if not (head and base and Path(head).is_absolute() and Path(base).is_absolute()):
        return False
    gone = not _exists(base) and not Path(base).is_relative_to(trees.base)
    return gone and _exists(head) and not Path(head).is_relative_to(trees.head)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a text that is no path
        return False


def _change(name: str, base: str | None, head: str | None) -> str:
    there, here = _shown(name, base), _shown(name, head)
    return f"{name} ({there} -> {here})" if there and here else name


def _shown(name: str, value: str | None) -> str:
    """Empty for a value that reports do not have."""
    return "unset" if value is None else steering_variables({name: value}).get(name, "")
