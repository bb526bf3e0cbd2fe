"""Text from outside as GitHub-flavoured Markdown that shows it and does nothing else."""

from __future__ import annotations

import re

from pytest_sdperf.report.plain import plain

NOTHING = "&#8203;"
"""A zero-width space: GitHub looks for mentions, emoji and issues in the finished page, where an escape is gone."""

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&@:!$^=]|(?<=www)\.|(?<=\bGH)-", re.IGNORECASE)
"""What begins markup, HTML, a table's cell, a formula or a link, wherever it stands in a line."""

_LINKING = re.compile(r"@|#|-|:(?=[\w+-]+:)", re.ASCII)
"""What makes a mention, an issue's number or an emoji of the word that follows. The `::` of a test's name makes none:
it must be copied from the page as it is."""

_TICKS = re.compile(r"`+")


def prose(text: str, limit: int = 200) -> str:
    """``text`` on one line, cut to ``limit`` characters, every character of it shown as itself.

    It makes no markup, HTML, image, table cell, link, mention, issue, emoji or formula. Not for the beginning
    of a block, where `1.` and `+` would begin a list.
    """
    return _SPECIAL.sub(_escaped, plain(text, limit))


def fenced(text: str) -> str:
    """Lines as a block of code, in which GitHub looks for nothing; the fence is longer than any in them."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _escaped(found: re.Match[str]) -> str:
    links = _LINKING.match(found.string, found.start())
    return f"&#{ord(found[0])};{NOTHING if links else ''}"
