"""The report as files: what each is called, what renders it, what that needs, and the writing at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options

if TYPE_CHECKING:
    from pytest_sdperf.report.outcome import Report


class Rendering(NamedTuple):
    """One kind of file."""

    target: str
    "`package.module:function`, imported when it is asked for and called as render(report) -> str"
    summary: str
    "what it is, for --help"
    extra: str = ""
    "of this package, that brings what it needs; empty: it needs nothing more"
    needs: tuple[str, ...] = ()
    "modules"

    def __call__(self, report: Report) -> str:
        text: str = resolve_name(self.target)(report)
        return text

    def check(self, path: str, *, where: str) -> None:
        """Raise OptionError where a library that it needs is not installed."""
        missing = [name for name in self.needs if not _installed(name)]
        if missing:
            raise OptionError(
                f"{path!r} cannot be written without {' and '.join(missing)}",
                where=where,
                cure=f'Install what it needs: pip install "pytest-sdperf[{self.extra}]".',
            )


RENDERINGS: dict[str, Rendering] = {
    "json": Rendering("pytest_sdperf.report.json:render", "Everything, to render again from."),
    "html": Rendering(
        "pytest_sdperf.report.html:render", "One self-contained page.", extra="report", needs=("jinja2", "matplotlib")
    ),
    "markdown": Rendering("pytest_sdperf.report.markdown:render", "A summary for a pull request."),
    "github-action-benchmark": Rendering(
        "pytest_sdperf.report.github_action_benchmark:render",
        "JSON for github-action-benchmark (customSmallerIsBetter).",
    ),
    "bencher": Rendering("pytest_sdperf.report.bencher:render", "JSON in Bencher's metric format."),
}
"""Name -> rendering. Those that are options of pytest (--sdperf-json) are written by a run, all by `sdperf report`."""


def check_renderings(options: Options) -> None:
    """Raise OptionError, before anything is measured, for files that could not be written at the end."""
    seen: dict[Path, str] = {}
    for flag, path, rendering in _asked(options):
        rendering.check(path, where=flag)
        other = seen.setdefault(Path(path), flag)
        if other != flag:
            raise OptionError(
                f"{str(Path(path))!r} is named by {other}, too", where=flag, cure="Name two different files."
            )


def write(report: Report, options: Options, rootdir: Path) -> Iterator[str]:
    """Write every file that was asked for; yields what went wrong. One that fails keeps no other from being written."""
    for flag, path, rendering in _asked(options):
        try:
            text = rendering(report)
        except Exception as error:  # noqa: BLE001 - a fault in one rendering must not cost people the others
            yield (
                f"{flag}={path} cannot be rendered: {type(error).__name__}: {error}. "
                "This is a fault of pytest-sdperf: please report it, with the file of --sdperf-json."
            )
            continue
        try:
            write_text(rootdir / path, text)
        except OSError as error:
            yield f"{flag}={path} cannot be written: {error}. Name a file that can."


def write_text(file: Path, text: str) -> None:
    """Write a rendering, the same bytes on every system; its folder is made. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def _asked(options: Options) -> Iterator[tuple[str, str, Rendering]]:
    """(flag, path as it was given, rendering)."""
    for name, rendering in RENDERINGS.items():
        path = getattr(options, name, None)
        if path:
            yield f"--sdperf-{name}", path, rendering


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
