"""A page of the docs as data: its code blocks, each with what the comment above it says of it.

A comment directly above a block says how it is dealt with, fields separated by `;`:

    <!-- file: conftest.py -->       the block is a file of the page's project
    <!-- output -->                  what the command block before it prints, excerpts in the same order
    <!-- recorded: pytest … -->      what that command printed once, on a machine that the text names
    <!-- drawing -->                 lines and words, nothing that is run
    <!-- needs: full -->             only runs where that is there: a key of NEEDS
    <!-- exit: 1 -->                 what the last command of the block ends with; 0 where nothing is said

Every other block is run or read as what it is: see `doc_reading.py` and `doc_scene.py`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]

NEEDS = {
    "full": "torch, diffusers, OpenVINO and IPEX: run by tests/docs/test_full_blocks.py",
    "amx": "a CPU with AMX",
    "network": "downloads",
    "ci": "the service that runs it",
}

_KEYS = {"file", "output", "recorded", "drawing", "needs", "exit"}


class PageError(Exception):
    """A page says something of a block that cannot be understood."""


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    "of its fence, from 1"
    language: str
    text: str
    said: dict[str, str] = field(default_factory=dict)
    "what the comment above it says"

    def __str__(self):
        return f"{self.page}:{self.line}"

    @property
    def needs(self):
        return self.said.get("needs", "")

    @property
    def commands(self):
        """The commands of a console block, continued lines joined, comments left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        said = (re.sub(r"\s+# .*|^# .*", "", line).strip() for line in lines)
        return [line for line in said if line]


def pages():
    """Every page that people read, by its path below the repository."""
    found = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found]


def scene_of(page):
    """(page, baselines): the page whose project this one goes on with, and whether its baselines are recorded; or None.

    Said above the title: `<!-- scene: README.md -->` or `<!-- scene: README.md, recorded -->`.
    """
    found = re.match(r"<!-- scene: (\S+?)(, recorded)? -->", (ROOT / page).read_text())
    return (found[1], bool(found[2])) if found else None


def blocks(page):
    """The fenced blocks of a page, in order. Raises PageError for a comment that says nothing known."""
    return blocks_of((ROOT / page).read_text(), page)


def blocks_of(text, page):
    tokens = MarkdownIt("commonmark").parse(text)
    found = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "code_block":
            raise PageError(f"{page}:{token.map[0] + 1}: an indented block has no language; fence it with ```")
        if token.type != "fence":
            continue
        line = token.map[0] + 1
        said = _said(before.content, f"{page}:{line}") if before and before.type == "html_block" else {}
        found.append(Block(page, line, token.info.strip(), token.content, said))
    return found


def _said(html, where):
    comment = re.search(r"<!--(.*?)-->\s*\Z", html, re.DOTALL)
    if comment is None:
        return {}
    said = {}
    for part in comment[1].split(";"):
        key, _, value = (text.strip() for text in part.partition(":"))
        if key not in _KEYS:
            raise PageError(f"{where}: {key!r} is none of {', '.join(sorted(_KEYS))}")
        said[key] = value
    if "needs" in said and said["needs"] not in NEEDS:
        raise PageError(f"{where}: needs {said['needs']!r}, which is none of {', '.join(NEEDS)}")
    if "recorded" in said and not re.match(r"(pytest|python|tox|sdperf|git) ", said["recorded"]):
        raise PageError(f"{where}: recorded output names the command that made it")
    return said
