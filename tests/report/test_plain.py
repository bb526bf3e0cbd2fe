"""Text from outside: escapes, direction overrides and endless names do not reach a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_sdperf.report.plain import cut, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("openvino_static", "openvino_static"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u2028", "\\u2028"),
        ("lone \ud800", "lone \\ud800"),
        ("Segelschiff · 帆船", "Segelschiff · 帆船"),
        ("", ""),
        ("::error::x", "\\x3a:error::x"),
        ("\t::stop-commands::x", "\\t::stop-commands::x"),
        ("  ::x", "  \\x3a:x"),
        ("a ##[error]x", "a \\x23#[error]x"),
        ("###[error]x", "#\\x23#[error]x"),
        ("test_it.py::test_ship", "test_it.py::test_ship"),
        ("## [a] #[b]", "## [a] #[b]"),
    ],
)
def test_hidden_characters_are_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_the_limit_is_kept_to_the_character() -> None:
    assert plain("x" * 20, 20) == "x" * 20
    assert plain("x" * 21, 20) == "x" * 19 + "…"
    assert plain("x" * 10_000, 40) == "x" * 39 + "…"
    assert plain("\x1b" * 20, 20) == ("\\x1b" * 5)[:19] + "…"


@given(st.text(alphabet=st.characters()), st.integers(1, 60))
def test_any_text_becomes_one_short_printable_line(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
    shown.encode("utf-8")


@given(st.text(alphabet=" :#[ex\t\u2003\n"), st.integers(1, 60))
def test_no_line_commands_githubs_runner(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("ship", 4, "ship"), ("ships", 4, "shi…"), ("ship ahoy", 6, "ship…"), ("帆船帆船", 8, "帆船帆船"), ("帆船帆船", 7, "帆船帆…"),
        ("帆船帆船", 6, "帆船…"), ("帆船", 3, "帆…"), ("帆船", 1, "…"), ("ship", 0, ""), ("ship", -3, ""), ("", 0, ""),
    ],
)  # fmt: skip
def test_what_is_cut_fits_as_many_cells(text: str, width: int, expected: str) -> None:
    assert cut(text, width, cell_len) == expected
