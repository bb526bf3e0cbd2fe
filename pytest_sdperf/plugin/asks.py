"""What a collected test asks of us, as far as that shows before it runs: its fixtures, its marker, its code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType

import pytest

from pytest_sdperf.base.declaration import Asks
from pytest_sdperf.plugin.run import RUN

_BY_NAME = frozenset({"getfixturevalue", "getfixture"})
"""How fixtures are asked for at run time: by a test or fixture, by a doctest."""

_DEPTH = 3
"""Calls of the project's own functions that are followed."""


def asks_of(item: pytest.Item) -> Asks:
    """`check` for a test that judges a variant, `measure` for one that uses one, `maybe`, or nothing.

    `maybe` is a test that asks for fixtures by their names while it runs: which they are is not known before.
    """
    names = frozenset(_names(item))
    if item.config.stash[RUN].measures(item):
        return "check" if "check" in names or item.get_closest_marker("sdperf") else "measure"
    if not names & _BY_NAME:
        return ""
    return "maybe"


def never_runs(item: pytest.Item) -> bool:
    """True for a test that its markers skip, as far as that shows: conditions that are texts are not evaluated."""
    return item.get_closest_marker("skip") is not None or any(map(_holds, item.iter_markers("skipif")))


def _holds(mark: pytest.Mark) -> bool:
    """Whether a condition of `skipif` is fulfilled; one without conditions skips always."""
    conditions = (mark.kwargs["condition"],) if "condition" in mark.kwargs else mark.args
    return not conditions or any(bool(one) and not isinstance(one, str) for one in conditions)


def _names(item: pytest.Item) -> Iterator[str]:
    """Names of attributes and globals in the code of the test, of its fixtures, and of what these call."""
    function = getattr(item, "obj", None) or getattr(item, "runtest", None)
    yield from _names_in(function, _DEPTH, getattr(item, "cls", None))
    for example in getattr(getattr(item, "dtest", None), "examples", ()):
        yield from (name for name in _BY_NAME if name in example.source)
    info = getattr(item, "_fixtureinfo", None)
    for definitions in getattr(info, "name2fixturedefs", {}).values():
        for definition in definitions:
            if not (definition.func.__module__ or "").startswith(("_pytest.", "pytest_sdperf.")):
                yield from _names_in(definition.func, _DEPTH)


def _names_in(function: object, depth: int, owner: type | None = None) -> Iterator[str]:
    """Names in the code of a function and of those that it calls: of its module, its helpers, and ``owner``."""
    function = inspect.unwrap(function) if callable(function) else function
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType):
        return
    names = set(_names_of_code(function.__code__))
    yield from names
    if depth == 0 or names & _BY_NAME:
        return
    for name in names:
        found = function.__globals__.get(name)
        # Of a module of helpers, those functions that are named beside it.
        called = [vars(found).get(n) for n in names] if isinstance(found, ModuleType) else [found]
        method = inspect.getattr_static(owner, name, None)
        for other in (*called, getattr(method, "__func__", method)):
            if isinstance(other, FunctionType) and other is not function:
                yield from _names_in(other, depth - 1, owner)


def _names_of_code(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of_code(constant)
