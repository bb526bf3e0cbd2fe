from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_sdperf.cli.pages.text_page import Page

LONG = "word " * 40


def filled(width, colour=False, text=LONG):
    page = Page(width=width, colour=colour)
    page.title("First")
    page.line(text, style="red", indent=2)
    page.title("Second")
    page.table(("name", "figure"), [(text, "12")], right=("figure",))
    page.pairs([("ok", "this", text)], styles=["green"])
    return page.text()


def test_titles_are_set_off_but_not_the_first():
    page = Page(width=80, colour=False)
    page.title("First")
    page.line("text")
    page.title("Second")
    assert page.text() == "First\ntext\n\nSecond\n"


def test_lines_wrap_within_their_indent():
    page = Page(width=40, colour=False)
    page.pairs([("ok", "a b c d e f g h i j k l m n o p q r s t u v w x y z")])
    first, second = page.text().splitlines()
    assert first.startswith("  ok  a b")
    assert second.startswith("      ")


def test_nothing_wraps_in_a_pipe():
    assert all(line in filled(None) for line in ("  " + LONG.strip(), "  ok  this  " + LONG.strip()))


def test_colour_only_where_it_is_wanted():
    assert "\x1b[" in filled(80, colour=True)
    assert "\x1b[" not in filled(80)


def test_columns_give_way_in_their_order():
    headings = ("case", "one", "two", "three")
    rows = [("x" * 30, "1" * 20, "2" * 20, "3" * 20)]

    def shown(width):
        page = Page(width=width, colour=False)
        page.table(headings, rows, spare=("three", "one"))
        return page.text().splitlines()[0].split()

    assert shown(None) == ["case", "one", "two", "three"]
    assert shown(90) == ["case", "one", "two"]
    assert shown(60) == ["case", "two"]


@given(st.text(max_size=60), st.sampled_from([40, 80, 140]))
def test_no_text_breaks_the_page(text, width):
    lines = filled(width, text=text).split("\n")
    assert all(cell_len(line) <= width for line in lines)
    assert not any(ord(c) < 32 for line in lines for c in line)
