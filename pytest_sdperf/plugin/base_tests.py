"""The tests and settings of the base of --sdperf-against: known when a case was measured, else read at the end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.plugin.command_line import invocation

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
        if base.declaration is None or base.trees is None or not base.knows_tests:
            return None  # its own notes say that its tests could not be collected
        return BaseTests(label, as_here(base.declaration, base.trees, config.rootpath))
    if base is not None:
        return BaseTests(label, None, base.what)
    if not may_collect:
        return None
    try:
        return BaseTests(label, _collected(config, target.revision))
    except ComparisonError as error:
        return BaseTests(label, None, error.what)


def _collected(config: pytest.Config, revision: Revision) -> Declaration:
    from contextlib import ExitStack

    from pytest_sdperf.launch.temporary import temporary_folder
    from pytest_sdperf.measure.engine import project_path
    from pytest_sdperf.policy.base_rules import base_rules

    called = invocation(config)
    with ExitStack() as stack:
        rules = base_rules(
            revision,
            called,
            rootdir=config.rootpath,
            sys_path=project_path(config.rootpath, sys.path),
            environ=called.variables.at_start if called.variables else os.environ,
            work_dir=stack.enter_context(temporary_folder()),
            stack=stack,
        )
        return rules.declaration
