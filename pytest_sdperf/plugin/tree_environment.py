"""The environment as it was before any code of the tree ran, and what conftests and plugins made of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_sdperf.base.tree_variables import Changes, HeadVariables

_NAME = "sdperf-environment"
"""Of the plugin object that watches."""

_AT_START = Path("/proc/self/environ")

_MODULES = ("pytest.__main__", "pytest_sdperf.plugin.declare")
_SCRIPTS = ("pytest", "py.test")
"What this process was started as, where nothing but pytest runs in it."


class EnvironmentWatch:
    """Sees which variables are changed until all is collected, other than by test modules."""

    def __init__(self, at_start: Mapping[str, str]) -> None:
        self.addopts = os.environ.get("PYTEST_ADDOPTS", "")
        "the variable as it was before conftests could set it"
        self.at_start = dict(at_start)
        self._found: dict[str, str | None] = {}
        self._seen = self.at_start

    @property
    def variables(self) -> HeadVariables:
        """What was changed so far, and over what; loaded late, because every pytest run has one of these."""
        from pytest_sdperf.base.tree_variables import HeadVariables

        return HeadVariables(self.at_start, self._found)

    def _look(self) -> None:
        now = dict(os.environ)
        self._found |= changes(self._seen, now)
        self._seen = now

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        if not isinstance(collector, pytest.Module):
            return (yield)
        self._look()
        try:
            return (yield)
        finally:
            self._seen = dict(os.environ)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        self._look()


def watch_environment(pluginmanager: pytest.PytestPluginManager) -> None:
    """Begin to watch, before any conftest is imported; plugins named by `-p` are imported already."""
    pluginmanager.register(EnvironmentWatch(_at_start(os.environ)), _NAME)


def environment_watch(config: pytest.Config) -> EnvironmentWatch | None:
    """The watch of this session."""
    found = config.pluginmanager.get_plugin(_NAME)
    return found if isinstance(found, EnvironmentWatch) else None


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """Variables that are not in both with the same value -> the later one, None where removed."""
    return {name: after.get(name) for name in sorted({*before, *after}) if before.get(name) != after.get(name)}


def changed_variables(config: pytest.Config) -> Changes:
    """What conftests and plugins of this session set, changed or removed so far."""
    found = environment_watch(config)
    return found.variables.changes if found else {}


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that this process was started with, where it is pytest's own and the system tells."""
    main = sys.modules.get("__main__")
    module, script = getattr(getattr(main, "__spec__", None), "name", ""), getattr(main, "__file__", None) or ""
    if module not in _MODULES and Path(script).name not in _SCRIPTS:
        return dict(environ)  # a program that calls pytest: what it sets is no plugin's
    try:
        entries = _AT_START.read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return dict(environ)
    found = dict(os.fsdecode(entry).partition("=")[::2] for entry in entries)
    is_whole = all(b"=" in entry for entry in entries)  # programs may write their title there
    is_here = _of_pytest(found) == _of_pytest(environ)  # and not a session inside of a test
    return found if is_whole and is_here else dict(environ)


def _of_pytest(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables of pytest, but for the one that it sets as it starts."""
    return {n: value for n, value in environ.items() if n.startswith("PYTEST_") and n != "PYTEST_VERSION"}
