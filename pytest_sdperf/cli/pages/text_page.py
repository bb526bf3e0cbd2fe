"""A page of text: headings, lines, tables and two-column lists, as wide as it may be, with or without colour."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Literal

from pytest_sdperf.report.columns import Column, fitting
from pytest_sdperf.report.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 1_000_000
"""Cells of a line that nothing wraps."""

_LONGEST = 2000
"""Characters of one text from outside."""


class Page:
    """Text that is written from top to bottom. Everything put on it may come from files: it is made plain."""

    def __init__(self, *, width: int | None, colour: bool) -> None:
        from rich.console import Console

        self._file = StringIO()
        # The empty environment keeps NO_COLOR, COLUMNS and their like out: the caller has decided.
        self._console: Console = Console(
            file=self._file, width=width or _ENDLESS, force_terminal=colour,
            color_system="standard" if colour else None, highlight=False, markup=False, emoji=False,
            legacy_windows=False, _environ={},
        )  # fmt: skip

    def title(self, text: str) -> None:
        """A heading, after an empty line unless it is the first."""
        if self._file.getvalue():
            self._console.print()
        self.line(text, style="bold")

    def line(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """A paragraph; where it wraps, it stays indented."""
        from rich.padding import Padding
        from rich.text import Text

        self._console.print(Padding(Text(plain(text, _LONGEST), style=style), (0, 0, 0, indent), expand=False))

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Sequence[str] = (),
        spare: Sequence[str] = (),
        indent: int = 0,
    ) -> None:
        """Aligned columns under a rule; those named in ``right`` are figures. The first column alone may wrap.

        Where the page is too narrow for all, the columns named in ``spare`` are left out, the first of them first.
        """
        from rich import box
        from rich.cells import cell_len
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        made = [Column(name, name, [row[i] for row in rows]) for i, name in enumerate(headings)]
        kept = [c.name for c in fitting(made, self._console.width - indent, cell_len, dropped_first=spare)]
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for name in kept:
            justify: Literal["right", "left"] = "right" if name in right else "left"
            table.add_column(name, justify=justify, no_wrap=name != headings[0], overflow="fold")
        for row in rows:
            table.add_row(*(Text(plain(row[headings.index(name)], _LONGEST)) for name in kept))
        self._console.print(Padding(table, (0, 0, 0, indent), expand=False))

    def pairs(self, rows: Sequence[Sequence[str]], *, styles: Sequence[str] = (), indent: int = 2) -> None:
        """Words and what belongs to them, in columns without a heading; the last one wraps within itself.

        ``styles``: one for each row, of its first column.
        """
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        last = max(map(len, rows), default=1) - 1
        for number in range(last + 1):
            table.add_column(no_wrap=number < last, overflow="fold")
        for number, row in enumerate(rows):
            style = styles[number] if styles else ""
            table.add_row(*(Text(plain(c, _LONGEST), style=style if i == 0 else "") for i, c in enumerate(row)))
        self._console.print(Padding(table, (0, 0, 0, indent), expand=False))

    def text(self) -> str:
        """The page; no line ends in blanks."""
        return "".join(f"{line.rstrip()}\n" for line in self._file.getvalue().splitlines())
