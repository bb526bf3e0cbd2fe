"""Links between pages lead somewhere, and every message that is explained is one that the source has."""

import ast
import re

import pytest
from doc_pages import ROOT, pages
from markdown_it import MarkdownIt

pytestmark = pytest.mark.one_python

PAGES = pages()


def links(page):
    tokens = MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text())
    for token in tokens:
        for child in token.children or ():
            target = child.attrs.get("href") or child.attrs.get("src")
            if target and not re.match(r"https?:|mailto:", target):
                yield target


def anchors(path):
    """Anchors of a page's titles, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    dangling = []
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dangling.append(target)
    assert dangling == []


def test_every_page_can_be_reached_from_the_readme_or_the_sites_first_page():
    seen, ahead = set(), ["README.md", "docs/index.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        targets = [((ROOT / page).parent / t.partition("#")[0]).resolve() for t in links(page)]
        ours = [str(t.relative_to(ROOT)) for t in targets if t.is_relative_to(ROOT)]
        ahead += [t for t in ours if t in PAGES and t not in seen]
    assert seen == {*PAGES}


def texts():
    """Every text of the package's source but docstrings, with … for what is filled in; joined texts are one."""
    for path in sorted((ROOT / "pytest_sdperf").rglob("*.py")):
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.value


def explained():
    """The fragments in the first column of troubleshooting's tables."""
    for line in (ROOT / "docs" / "troubleshooting.md").read_text().splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split(" | ", maxsplit=1)[0])


def test_messages_that_are_explained_are_in_the_source():
    source = list(texts())
    fragments = list(explained())
    assert len(fragments) > 50
    missing = [f for f in fragments if not any(f.replace(" …", "") in text for text in source)]
    assert missing == []
