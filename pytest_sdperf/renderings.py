"""The files that a run writes when it ends: which option names each, what renders it, and what that needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options

if TYPE_CHECKING:
    from pytest_sdperf.outcome import Report


class Rendering(NamedTuple):
    """One file."""

    option: str
    "name of the option that holds its path"
    render: Callable[[Report], str]
    extra: str = ""
    "of this package, that brings what it needs; empty: it needs nothing more"
    needs: tuple[str, ...] = ()
    "modules"

    @property
    def flag(self) -> str:
        return f"--sdperf-{self.option}"

    def path(self, options: Options) -> str | None:
        """As it was given; None where it was not asked for."""
        path: str | None = getattr(options, self.option)
        return path


def _json(report: Report) -> str:
    from pytest_sdperf.report import json

    return json.render(report)


def _html(report: Report) -> str:
    from pytest_sdperf.report import html

    return html.render(report)


RENDERINGS = (
    Rendering("json", _json),
    Rendering("html", _html, extra="report", needs=("jinja2", "matplotlib")),
)


def check_renderings(options: Options) -> None:
    """Raise OptionError, before anything is measured, for files that could not be written at the end."""
    asked = [r for r in RENDERINGS if r.path(options)]
    for rendering in asked:
        missing = [name for name in rendering.needs if not _installed(name)]
        if missing:
            raise OptionError(
                f"{rendering.path(options)!r} cannot be written without {' and '.join(missing)}",
                where=rendering.flag,
                cure=f'Install what it needs: pip install "pytest-sdperf[{rendering.extra}]".',
            )
    paths = [Path(str(r.path(options))) for r in asked]
    for number, (rendering, path) in enumerate(zip(asked, paths, strict=True)):
        if path in paths[:number]:
            other = asked[paths.index(path)].flag
            raise OptionError(
                f"{str(path)!r} is named by {other}, too", where=rendering.flag, cure="Name two different files."
            )


def write(report: Report, options: Options, rootdir: Path) -> Iterator[str]:
    """Write every file that was asked for; tells what went wrong. One that fails keeps no other from being written."""
    for rendering in RENDERINGS:
        path = rendering.path(options)
        if not path:
            continue
        try:
            text = rendering.render(report)
        except Exception as error:  # noqa: BLE001 - a fault in one rendering must not cost people the others
            yield (
                f"{rendering.flag}={path} cannot be rendered: {type(error).__name__}: {error}. "
                "This is a fault of pytest-sdperf: please report it, with the file of --sdperf-json."
            )
            continue
        try:
            file = rootdir / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            yield f"{rendering.flag}={path} cannot be written: {error}. Name a file that can."


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
