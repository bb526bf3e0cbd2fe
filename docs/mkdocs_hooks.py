"""What mkdocs needs beyond docs/: files of the repository's root, links that leave docs/, titles of blocks, tables.

The same Markdown is read on GitHub, where links are relative to the file, and a comment above a block is not shown.
"""

from __future__ import annotations

import html
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]

REPOSITORY = "https://github.com/pytest-sdperf/pytest-sdperf"

FROM_ROOT = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Page of the repository's root -> its place on the site."""

PICTURES = ("training/results/curves.svg",)
"""Pictures outside docs/ that pages show."""

_LINK = re.compile(r"(\]\(|^\[[^\]]+\]: +)([^)\s#]+)", re.MULTILINE)
"""What precedes a link's target, and the target without its anchor: inline, and by reference."""

_FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)

_CODE_WITH_BAR = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
"""Code in a table with an escaped bar, of which Python-Markdown would show the backslash."""

_COMMENT_OVER_BLOCK = re.compile(r"^<!-- (.*?) -->\n```(\w*)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in docs/."""
    from mkdocs.structure.files import File

    for name, place in FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=text))
    for name in PICTURES:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  mkdocs calls it so
    """Make the links those of the site, and comments over blocks their titles; wide tables get the whole width."""
    if page.file.src_uri.startswith("reference/"):
        page.meta["hide"] = ["toc"]
    return coloured(titled(unescaped(relinked(markdown, page.file.src_uri))))


def relinked(markdown: str, place: str) -> str:
    """Links of a page of the site, which is at ``place``, that were written for the repository's tree."""
    sources = {there: here for here, there in FROM_ROOT.items()}
    folder = posixpath.dirname(sources.get(place, f"docs/{place}"))

    def found(match: re.Match[str]) -> str:
        before, target = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        return before + _on_site(path, posixpath.dirname(place), target)

    parts, end = [], 0
    for block in _FENCE.finditer(markdown):
        parts += [_LINK.sub(found, markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, _LINK.sub(found, markdown[end:])])


def _on_site(path: str, folder: str, target: str) -> str:
    """Where a path of the repository is found from a folder of the site; ``target`` itself where there is none."""
    if path in FROM_ROOT:
        return posixpath.relpath(FROM_ROOT[path], folder or ".")
    if path.startswith("docs/") and not path.endswith(".py"):
        return posixpath.relpath(path.removeprefix("docs/"), folder or ".")
    if path in PICTURES:
        return posixpath.relpath(path, folder or ".")
    if (ROOT / path).exists():  # else mkdocs reports it
        return f"{REPOSITORY}/{'tree' if (ROOT / path).is_dir() else 'blob'}/main/{path}"
    return target


def unescaped(markdown: str) -> str:
    """Code in tables shows a bar where GitHub needs it escaped."""
    return _CODE_WITH_BAR.sub(
        lambda found: f"<code>{html.escape(found[1]).replace(chr(92) + '|', '&#124;')}</code>", markdown
    )


def titled(markdown: str) -> str:
    """``<!-- file: conftest.py -->`` over a block becomes the block's title."""

    def found(match: re.Match[str]) -> str:
        said = dict(part.strip().partition(": ")[::2] for part in match[1].split(";"))
        title = said.get("file", "")
        return f'``` {{ .{match[2]} title="{title}" }}' if title else f"```{match[2]}"

    return _COMMENT_OVER_BLOCK.sub(found, markdown)


def coloured(markdown: str) -> str:
    """Commands without a prompt, which the highlighter takes for output where they are called a console's."""
    return re.sub(r"^( *)```console$", r"\1```bash", markdown, flags=re.MULTILINE)
