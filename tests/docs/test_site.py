"""The site shows the Markdown of the repository's tree: links, titles of blocks, and bars in tables are made to fit."""

import sys

import pytest
from doc_pages import ROOT

pytestmark = pytest.mark.one_python


@pytest.fixture
def site(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield pytest.importorskip("mkdocs_hooks")
    del sys.modules["mkdocs_hooks"]


@pytest.mark.parametrize(
    ("place", "written", "shown"),
    [
        ("readme.md", "[x](docs/verdict.md)", "[x](verdict.md)"),
        ("readme.md", "![x](docs/report.png)", "![x](report.png)"),
        ("readme.md", "[x](CHANGELOG.md#unreleased)", "[x](changelog.md#unreleased)"),
        ("verdict.md", "[x](../README.md)", "[x](readme.md)"),
        ("verdict.md", "[x](#memory)", "[x](#memory)"),
        ("reference/options.md", "[x](../verdict.md#memory)", "[x](../verdict.md#memory)"),
        ("bundled-model.md", "![x](../training/results/curves.svg)", "![x](training/results/curves.svg)"),
        ("verdict.md", "[x](../benchmarks/README.md)", "[x](REPOSITORY/blob/main/benchmarks/README.md)"),
        ("verdict.md", "[x](../tests/docs)", "[x](REPOSITORY/tree/main/tests/docs)"),
        ("verdict.md", "[x]: ../benchmarks/README.md", "[x]: REPOSITORY/blob/main/benchmarks/README.md"),
        ("verdict.md", "[x](../nowhere.md)", "[x](../nowhere.md)"),  # mkdocs reports it
        ("verdict.md", "[x](https://example.org/a.md)", "[x](https://example.org/a.md)"),
        ("verdict.md", "```text\n[x](../README.md)\n```", "```text\n[x](../README.md)\n```"),
    ],
)
def test_links_lead_to_pages_of_the_site_or_to_the_repository(site, place, written, shown):
    assert site.relinked(written, place) == shown.replace("REPOSITORY", site.REPOSITORY)


def test_a_file_over_a_block_is_its_title(site):
    assert site.titled("<!-- file: a.py; needs: full -->\n```python\nx") == '``` { .python title="a.py" }\nx'
    assert site.titled("<!-- exit: 1 -->\n```console\nx") == "```console\nx"


def test_commands_are_coloured_as_such(site):
    assert (
        site.coloured("```console\npytest\n```\n- so\n\n  ```console\n") == "```bash\npytest\n```\n- so\n\n  ```bash\n"
    )


def test_bars_of_code_in_tables_are_shown_without_their_escape(site):
    assert site.unescaped("| `--a=<x>\\|y` | a\\|b |") == "| <code>--a=&lt;x&gt;&#124;y</code> | a\\|b |"
