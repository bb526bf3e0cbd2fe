"""Hostile text in Markdown: parsed as GitHub does (CommonMark with tables), it is text and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_sdperf.report.github_text import fenced, prose
from pytest_sdperf.report.plain import plain

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HIDDEN = "\u200b"
HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- gone -->",
    "![a](https://example.test/x.png)",
    "[a](https://example.test)",
    "<https://example.test>",
    "https://example.test www.example.test WWW.example.test mail@example.test",
    "@octocat and @org/team",
    "#12 GH-12 gh-12 org/repo#12 org/repo@0123456",
    "a | b \\| c",
    "two\nlines\r\n\n# heading",
    "**bold** _it_ ~~gone~~ `code` ``more``",
    "&lt;b&gt; &#64;",
    ":tada: ::error::",
    "$x^2$ $$y$$ ==marked==",
    "\u202egnp.exe",
    "\\",
    "\\`",
]


def shown(markdown: str) -> str:
    """The text of a paragraph, which must be all that the paragraph has."""
    tokens = MARKDOWN.parse(f"- text {markdown}")
    [inline] = [token for token in tokens if token.type == "inline"]
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children or []).removeprefix("text").lstrip()


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_shows_the_text_and_does_nothing(text: str) -> None:
    page = shown(prose(text))
    assert page.replace(HIDDEN, "") == plain(text).rstrip()
    assert not re.search(r"@\w|#\d|GH-\d|:[\w+-]+:", page, re.IGNORECASE)
    assert not re.search(r"https?://|www\.", prose(text), re.IGNORECASE)


@given(st.text(alphabet=st.sampled_from("ab1 \n\\`*_[]()<>#|~&@:!$^=.-wgh;/\u202e\u00e9"), max_size=60))
def test_any_text_is_only_shown(text: str) -> None:
    page = shown(prose(text))
    assert page.replace(HIDDEN, "").split() == plain(text).split()
    assert not re.search(r"@\w|#\d|:[\w+-]+:", page, re.ASCII)


def test_the_limit_counts_what_is_shown() -> None:
    assert shown(prose("<" * 10_000, 40)).count("<") == 39


def test_a_tests_name_can_be_copied() -> None:
    assert shown(prose("tests/test_it.py::test_ship[a-1]")) == "tests/test_it.py::test_ship[a-1]"


def test_plain_words_stay_readable() -> None:
    assert prose("12.0 s is 9.1 % slower (limit 5 %), 3 pairs; ±1.2 % · bf16") == (
        "12.0 s is 9.1 % slower (limit 5 %), 3 pairs; ±1.2 % · bf16"
    )


@pytest.mark.parametrize("text", ["", "a", "```", "a\n````\n</details>\n@octocat", "`" * 30, "~~~"])
def test_a_block_of_code_ends_where_it_should(text: str) -> None:
    [token] = MARKDOWN.parse(fenced(text))
    assert (token.type, token.content) == ("fence", f"{text}\n")
