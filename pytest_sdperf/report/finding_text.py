"""Any finding in words, and the figures that the summary table has of a case: what each kind of finding gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pkgutil import resolve_name
from typing import Any, NamedTuple

from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.case_verdict import AnyFinding
from pytest_sdperf.verdict.parts import KINDS


class Figure(NamedTuple):
    """One value of a case: a column of the summary table, and a property of its test."""

    name: str
    heading: str
    of: Callable[[Outcome], Any]
    "None: it is not known"
    shown: Callable[[Any], str]
    "as the table has it; empty: a dash"
    property_name: str = ""
    "of the test's property, without `sdperf_`; empty: it has none"
    is_words: bool = False
    "the column then follows those of numbers, and is aligned to the left"


class Text(NamedTuple):
    """How one kind of finding is rendered."""

    sentence: Callable[[Any], str]
    "one sentence with measured value, limit and unit; no full stop"
    details: Callable[[Any], list[str]] = lambda _: []
    "lines for the detail section"
    figures: tuple[Figure, ...] = ()


@cache
def texts() -> dict[type, Text]:
    """Type of finding -> its text, in the order of the verdict's kinds."""
    found = [(kind.finding, kind.text) for kind in KINDS]
    return {resolve_name(f"pytest_sdperf.{name}"): resolve_name(f"pytest_sdperf.{text}") for name, text in found}


@cache
def figures() -> list[Figure]:
    """The figures of all kinds, words last."""
    return sorted((figure for text in texts().values() for figure in text.figures), key=lambda one: one.is_words)


def sentence(finding: AnyFinding) -> str:
    """The finding in one sentence, unescaped: texts from outside stand in it as they are."""
    return texts()[type(finding)].sentence(finding)


def details(finding: AnyFinding) -> list[str]:
    """The details behind the sentence, line by line, unescaped."""
    return texts()[type(finding)].details(finding)
