"""Read how the revision of --sdperf-baselines-from judges, before any test runs."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_sdperf.plugin.command_line import invocation, levels

if TYPE_CHECKING:
    from pytest_sdperf.options import Options
    from pytest_sdperf.policy.judged_by import JudgedBy


class Rules(NamedTuple):
    """Another revision's rules."""

    judged_by: JudgedBy
    options: Options
    "the session's, as that revision has them"
    notes: list[str]
    "which base was taken in place of the one that was named, and why; and settings that are the change's own"


def read_rules(config: pytest.Config, options: Options, stack: ExitStack) -> Rules | None:
    """The rules, whatever tests there are; None where none are asked for. ``stack`` keeps the revision's tree.

    Raises ComparisonError where the revision cannot be read, OptionError for limits of its that cannot be used.
    """
    if not (options.sdperf and options.baselines_from) or config.getoption("collectonly"):
        return None
    from pytest_sdperf.launch.temporary import temporary_folder
    from pytest_sdperf.measure.engine import project_path
    from pytest_sdperf.policy.altered_settings import Settings, altered_settings
    from pytest_sdperf.policy.base_rules import base_rules, find_base
    from pytest_sdperf.policy.judged_by import JudgedBy

    rootdir = config.rootpath
    named = find_base(options.baselines_from, rootdir, os.environ)
    base = base_rules(
        named.revision or named.found,
        invocation(config),
        rootdir=rootdir,
        sys_path=project_path(rootdir, sys.path),
        environ=os.environ,
        work_dir=stack.enter_context(temporary_folder()),
        stack=stack,
    )
    said = levels(config)
    judged_by = JudgedBy(base, said["command_line"])
    governed = judged_by.session_options(options)
    # Faults of the base's baselines folder are reported before anything is measured.
    base.baselines((rootdir / governed.baselines).resolve())
    what = "" if named.revision else ": judged by its own baselines and limits"
    notes = [f"{named.note}{what} [--sdperf-baselines-from={options.baselines_from}]"] if named.note else []
    there = Settings(base.declaration.addopts, base.declaration.ini)
    notes += altered_settings(Settings(said["addopts"], said["ini"]), there, said["command_line"], is_governed=True)
    return Rules(judged_by, governed, notes)
