"""The tests and settings of the base of --sdperf-against: known when a case was measured, else read at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.plugin.command_line import invocation, levels

if TYPE_CHECKING:
    from pytest_sdperf.base.checkout.revision import Revision
    from pytest_sdperf.base.declaration import Declaration
    from pytest_sdperf.base.target import Target
    from pytest_sdperf.measure.session import Session


class BaseTests(NamedTuple):
    """What the base declares."""

    label: str
    "names the base"
    declaration: Declaration | None
    "with the node ids that the head has for its tests; None: it could not be read"
    why: str = ""
    "why not, as a clause"
    altered: Sequence[str] = ()
    "notes on options that the change's own settings say otherwise, where its limits count"


def base_tests(
    config: pytest.Config, target: Target | None, session: Session | None, *, may_collect: bool
) -> BaseTests | None:
    """What the base declares; None where there is no revision to compare with, or nothing may be collected any more.

    Where no case was measured, the base was not set up either: then it is checked out and collected here, for seconds,
    if ``may_collect``.
    """
    if target is None or target.revision is None:
        return None
    from pytest_sdperf.base.set_up import BaseSide
    from pytest_sdperf.policy.base_rules import as_here

    label, base = target.revision.label, session.base if session else None
    if isinstance(base, BaseSide):
        declaration = base.declaration if base.knows_tests else None  # else its own notes say why
        known = as_here(declaration, base.trees, config.rootpath) if declaration and base.trees else None
        return _tests(label, known, config) if known else None
    if base is not None:
        return BaseTests(label, None, base.what)
    return _collected(config, target.revision) if may_collect else None


def _tests(label: str, declaration: Declaration, config: pytest.Config) -> BaseTests:
    from pytest_sdperf.policy.altered_settings import Settings, altered_settings

    here, there = levels(config), Settings(declaration.addopts, declaration.ini)
    head = Settings(here["addopts"], here["ini"])
    altered = altered_settings(head, there, here["command_line"], is_governed=False)
    return BaseTests(label, declaration, altered=altered)


def _collected(config: pytest.Config, revision: Revision) -> BaseTests:
    from contextlib import ExitStack

    from pytest_sdperf.launch.temporary import temporary_folder
    from pytest_sdperf.measure.engine import project_path
    from pytest_sdperf.policy.base_rules import base_rules

    called = invocation(config)
    with ExitStack() as stack:
        try:
            rules = base_rules(
                revision,
                called,
                rootdir=config.rootpath,
                sys_path=project_path(config.rootpath, sys.path),
                environ=called.variables.at_start if called.variables else os.environ,
                work_dir=stack.enter_context(temporary_folder()),
                stack=stack,
            )
        except ComparisonError as error:
            return BaseTests(revision.label, None, error.what)
        return _tests(revision.label, rules.declaration, config)
