"""Every page of the docs is played: its files written, its commands run, its outputs compared, the rest read."""

import os

import pytest
from doc_pages import NEEDS, ROOT, PageError, blocks, blocks_of, pages
from doc_reading import SHELL, check_options, flags_in, read, same
from doc_scene import Scene, declare

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.options.specs import SPECS

pytestmark = pytest.mark.one_python

PAGES = pages()


@pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(scene, page):
    scene.play(page)
    assert scene.played == sum(not block.needs for block in blocks(page))


def test_the_pages_are_those_that_people_read():
    assert {"README.md", "docs/bundled-model.md", "docs/verdict.md", "docs/reference/options.md"} <= {*PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_options_that_prose_names_exist(page):
    known = {spec.flag for spec in SPECS if spec.on_command_line}
    assert flags_in((ROOT / page).read_text()) <= known


def block(text):
    [found] = blocks_of(text, "page.md")
    return found


def test_a_block_and_what_is_said_of_it():
    found = block("# Title\n\n<!-- file: conftest.py; needs: full -->\n```python\nimport os\n```\n")
    assert (found.page, found.line, found.language, found.text) == ("page.md", 4, "python", "import os\n")
    assert found.said == {"file": "conftest.py", "needs": "full"}
    assert found.needs == "full"


def test_a_block_in_a_list_is_one_too():
    assert block("- so:\n\n  ```console\n  pytest\n  ```\n").commands == ["pytest"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- wants: gpu -->\n```text\nx\n```", "page.md:2: 'wants' is none of"),
        ("<!-- needs: gpu -->\n```text\nx\n```", f"page.md:2: needs 'gpu', which is none of {', '.join(NEEDS)}"),
        ("<!-- recorded: yesterday -->\n```text\nx\n```", "page.md:2: recorded output names the command that made it"),
        ("text\n\n    pytest --sdperf\n", "page.md:3: an indented block has no language"),
    ],
)
def test_comments_that_say_nothing_known(text, message):
    with pytest.raises(PageError, match=message):
        blocks_of(text, "page.md")


def test_commands_are_joined_and_comments_left_out():
    found = block("```console\n# first\npytest --sdperf \\\n    --sdperf-rounds=2   # so\ngit status\n```")
    assert found.commands == ["pytest --sdperf      --sdperf-rounds=2", "git status"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def"),
        ("console", "pytest 'x"),
        ("console", "pytest --sdperf-modle=bundled"),
        ("console", "pytest --sdperf-model bundled"),
        ("ini", "[pytest]\nsdperf_modle = bundled"),
        ("toml", "[tool.pytest.ini_options]\nsdperf_modle = 'bundled'"),
        ("toml", "x = "),
        ("yaml", "steps:\n  - run: pytest --sdperf-modle=bundled"),
        ("yaml", "steps:\n  - run: |\n      pytest --sdperf \\\n        --sdperf-max-slowdown=5ms"),
        ("yaml", "gate:\n  script:\n    - pytest --sdperf-modle=bundled"),
        ("json", "{"),
        ("text", "what nobody runs"),
        ("perl", "print"),
    ],
)
def test_what_cannot_be_run_and_is_not_marked_fails(language, text):
    with pytest.raises((AssertionError, SyntaxError, ValueError, SdperfError)):
        read(block(f"```{language}\n{text}\n```"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("console", "pytest --sdperf --sdperf-max-slowdown=5%"),
        ("ini", "[pytest]\nsdperf_max_slowdown = 5%"),
        ("toml", "[tool.pytest.ini_options]\nsdperf_max_slowdown = '5%'"),
        ("yaml", "steps:\n  - run: pytest --sdperf --sdperf-against=${{ github.base_ref }}"),
    ],
)
def test_what_is_well_said_is_read(language, text):
    read(block(f"```{language}\n{text}\n```"))


def test_scripts_of_a_service_need_it():
    read(block("<!-- needs: ci -->\n```groovy\nsh 'pytest --sdperf'\n```"))
    with pytest.raises(AssertionError, match="a block of groovy that is neither output nor a file"):
        read(block("```groovy\nsh 'pytest --sdperf'\n```"))


def test_values_are_read_too():
    with pytest.raises(SdperfError, match="has the unknown unit"):
        check_options("pytest --sdperf --sdperf-max-slowdown=5ms", "here")


SEEN = "first\nship: latency REGRESSED: 14.9 ms is 34.2 % slower than main (0123456789)'s 1.1 s\n════ sdperf ════\nlast"


@pytest.mark.parametrize(
    ("excerpt", "missing"),
    [
        ("first\nlast", ""),
        ("first\n…\nlast", ""),
        ("ship: latency REGRESSED: 3.1 s is 8 % slower than main (abcdef0123)'s 2 ms", ""),
        ("--- sdperf ---", "--- sdperf ---"),
        ("═══ sdperf ═══", ""),
        ("ship: latency REGRESSED: …\nlast", ""),
        ("ship: latency FASTER: …", "ship: latency FASTER: …"),
        ("last\nfirst", "first"),
        ("ship: latency FASTER: 14.9 ms", "ship: latency FASTER: 14.9 ms"),
    ],
)
def test_an_excerpt_is_compared_but_for_its_numbers(excerpt, missing):
    assert same(excerpt, SEEN) == missing


def test_machines_are_no_difference():
    assert same("sdperf: zen4-2cores-avx512_bf16, 3", "sdperf: sapphirerapids-56cores-amx, 12") == ""


@pytest.fixture
def small_scene(tmp_path):
    """A scene whose pytest only says what it was given."""
    folder = tmp_path / "scene"
    folder.mkdir()
    return Scene(folder, lambda arguments, others: (1 if "broken" in arguments else 0, f"ran {arguments} {others}"))


def test_files_are_written_and_commands_run_there(small_scene):
    small_scene._play(block("<!-- file: a/b.txt -->\n```text\nhello\n```"))
    small_scene._play(block("```console\npytest a\ncat a/b.txt\n```"))
    small_scene._play(block("<!-- output -->\n```text\nran ['a'] False\nhello\n```"))
    with pytest.raises(AssertionError, match="page.md:2: the line 'bye' is not in what"):
        small_scene._play(block("<!-- output -->\n```text\nbye\n```"))
    assert small_scene.played == 4


def test_an_exit_code_that_is_not_said_fails(small_scene):
    with pytest.raises(AssertionError, match="`pytest broken` ends with 1, not 0"):
        small_scene._play(block("```console\npytest broken\n```"))
    small_scene._play(block("<!-- exit: 1 -->\n```console\npytest broken\n```"))
    with pytest.raises(AssertionError, match="`false` ends with 1, not 0"):
        small_scene._play(block("```console\nfalse\n```"))


def test_declared_variants_must_be_such():
    hook = "from pytest_sdperf import Variant\ndef pytest_sdperf_variants():\n    return [Variant('x', 'm:f', requirements=('{}',))]\n"
    declare(block(f"```python\n{hook.format('cores:2')}```"))
    with pytest.raises(SdperfError, match="unknown requirement"):
        declare(block(f"```python\n{hook.format('gpu')}```"))


def test_every_language_of_commands_is_run():
    assert {"console", "bash"} <= {*SHELL}
