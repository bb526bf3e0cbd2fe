"""The renderings of a JSON report that are files: one table, imported when one is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf.errors import ReportError

if TYPE_CHECKING:
    from pytest_sdperf.outcome import Report


class Rendering(NamedTuple):
    """One kind of file."""

    target: str
    "`package.module:function`, called as render(report) -> str"
    summary: str
    "of the option, for --help"


RENDERINGS: dict[str, Rendering] = {
    "html": Rendering("pytest_sdperf.report.html:render", "One self-contained page."),
    "markdown": Rendering("pytest_sdperf.report.markdown:render", "A summary for a pull request."),
    "github-action-benchmark": Rendering(
        "pytest_sdperf.report.github_action_benchmark:render",
        "JSON for github-action-benchmark (customSmallerIsBetter).",
    ),
    "bencher": Rendering("pytest_sdperf.report.bencher:render", "JSON in Bencher's metric format."),
}
"""Name of the option -> what makes the file."""


def rendering(name: str) -> Callable[[Report], str]:
    """The function of one rendering. Raises ReportError where a library that it needs is not installed."""
    module, _, function = RENDERINGS[name].target.partition(":")
    try:
        found: Callable[[Report], str] = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error

    def render(report: Report) -> str:
        try:
            return found(report)
        except ModuleNotFoundError as error:
            raise _missing(name, error) from error

    return render


def _missing(name: str, error: ModuleNotFoundError) -> ReportError:
    return ReportError(
        f"the rendering needs {error.name}, which is not installed",
        where=f"--{name}",
        cure='Install it: pip install "pytest-sdperf[report]".',
    )
