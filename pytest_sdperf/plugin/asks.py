"""What a collected test asks of us, as far as that shows before it runs: its fixtures, its marker, its code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType

import pytest

from pytest_sdperf.base.declaration import Asks

_BY_NAME = frozenset({"getfixturevalue", "getfixture"})
"""How fixtures are asked for at run time: by a test or fixture, by a doctest."""

_METHODS = frozenset({"check", "measure"})

_DEPTH = 3
"""Calls of functions that are followed."""

_NOT_FOLLOWED = sys.stdlib_module_names | {"_pytest", "pytest", "pluggy", "pytest_sdperf", "numpy", "torch"}
"""Packages that call no variant; methods of theirs may be named alike."""


def asks_of(item: pytest.Item, *, is_ours: bool) -> Asks:
    """What the test does with variants, as its code has it; empty: nothing that shows.

    ``is_ours`` says whether it bears our marker or asks for a variant by its fixtures.
    A test that bears our marker judges all that it measures. `maybe…` is a test that asks for fixtures by their names
    while it runs: which they are is not known before.
    """
    names = frozenset(_names(item))
    if is_ours:
        if item.get_closest_marker("sdperf") is not None:
            return "check"
        if "check" in names:
            return "both" if "measure" in names else "check"
        return "measure" if "measure" in names else "unclear"
    if not names & _BY_NAME:
        return ""
    return "maybe_check" if "check" in names else "maybe"


def never_runs(item: pytest.Item) -> bool:
    """True for a test that its markers skip, as far as that shows: conditions that are texts are not evaluated."""
    return item.get_closest_marker("skip") is not None or any(map(_holds, item.iter_markers("skipif")))


def _holds(mark: pytest.Mark) -> bool:
    """Whether a condition of `skipif` is fulfilled; one without conditions skips always."""
    conditions = (mark.kwargs["condition"],) if "condition" in mark.kwargs else mark.args
    return not conditions or any(bool(one) and not isinstance(one, str) for one in conditions)


def _names(item: pytest.Item) -> Iterator[str]:
    """Names of attributes and globals in the code of the test, of its fixtures, and of what these call."""
    walk = _Walk(getattr(item, "cls", None))
    yield from walk.names(getattr(item, "obj", None) or getattr(item, "runtest", None), _DEPTH)
    for example in getattr(getattr(item, "dtest", None), "examples", ()):
        yield from (name for name in _BY_NAME | _METHODS if name in example.source)
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    yield from (value for value in parameters.values() if isinstance(value, str) and value in _METHODS)
    info = getattr(item, "_fixtureinfo", None)
    for definitions in getattr(info, "name2fixturedefs", {}).values():
        for definition in definitions:
            yield from walk.names(definition.func, _DEPTH)


class _Walk:
    """Follows code from function to function, each once."""

    def __init__(self, cls: type | None) -> None:
        self._classes = [cls] if cls is not None else []
        "whose methods are called as those of `self`"
        self._seen: set[CodeType] = set()

    def names(self, found: object, depth: int) -> Iterator[str]:
        """Names in the code of a function, and in that of the functions that it names."""
        function = _function(found)
        if function is None or function.__code__ in self._seen:
            return
        self._seen.add(function.__code__)
        names = set(_names_of_code(function.__code__))
        yield from names
        if depth == 0:
            return
        for other in self._named(function, names):
            yield from self.names(other, depth - 1)

    def _named(self, function: FunctionType, names: set[str]) -> Iterator[object]:
        """Everything that a function with these names in its code may call."""
        around = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        around += [getattr(function, "__wrapped__", None)]
        around += [found for name in names if (found := function.__globals__.get(name)) is not None]
        # A function may import its helpers itself.
        around += [module for name in names if (module := sys.modules.get(name)) is not None]
        for found in around:
            yield found
            if isinstance(found, ModuleType):
                members = [vars(found).get(name) for name in names]
                yield from members
                around_members = [member for member in members if isinstance(member, type)]
            else:
                around_members = [found if isinstance(found, type) else type(found)]
            for cls in around_members:
                yield from _methods(cls, names)
        for cls in self._classes:
            yield from _methods(cls, names)


def _methods(cls: type, names: set[str]) -> Iterator[object]:
    """The methods of a class and of its base classes that are named, and what runs where it is made, called, or used
    in a `with` statement.
    """
    implied = {"__init__", "__call__", "__enter__", "__exit__", "setup_method", "teardown_method"}
    for one in cls.__mro__:
        if one.__module__.partition(".")[0] not in _NOT_FOLLOWED:
            yield from (method for name in sorted(names | implied) if (method := vars(one).get(name)) is not None)


def _function(found: object) -> FunctionType | None:
    """The function in a method, a property or a partial."""
    for _ in range(_DEPTH):
        if isinstance(found, functools.partial):
            found = found.func
        elif isinstance(found, property):
            found = found.fget
        elif isinstance(found, MethodType | staticmethod | classmethod):
            found = found.__func__
    if not isinstance(found, FunctionType):
        return None
    return None if (found.__module__ or "").partition(".")[0] in _NOT_FOLLOWED else found


def _is_filled(cell: object) -> bool:
    try:
        return getattr(cell, "cell_contents", None) is not None
    except ValueError:  # a name that is not bound yet
        return False


def _names_of_code(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of_code(constant)
        elif isinstance(constant, str) and constant in _METHODS:  # for getattr
            yield constant
