"""docs/reference is what docs/generate.py makes of the code, and the generator reads the code rightly."""

import importlib.util
import re

import pytest
from doc_pages import ROOT

from pytest_sdperf.claims import CLAIM_KINDS
from pytest_sdperf.hardware.requirements import EXAMPLES
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.plugin import hooks as plugin
from pytest_sdperf.variants.registry import BUILT_IN

pytestmark = pytest.mark.one_python


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def generate():
    return load("generate")


def test_the_committed_pages_are_what_the_code_says(generate):
    made = generate.pages()
    assert {path.name for path in (ROOT / "docs" / "reference").iterdir()} == {*made}
    for name, text in made.items():
        assert (ROOT / "docs" / "reference" / name).read_text() == text, "run: PYTHONPATH=. python docs/generate.py"


def test_every_option_is_there_with_all_that_it_is_called(generate):
    rows = [
        re.split(r" (?<!\\)\| ", line.strip("| ")) for line in generate.options().splitlines() if line.startswith("|")
    ]
    for spec in SPECS:
        named = spec.ini_key if spec.on_command_line else spec.name
        [row] = [row for row in rows if f"`{named}`" in row[1:3]]
        assert row[0].startswith(f"`{spec.flag}") == spec.on_command_line
        assert (row[2] == f"`{spec.name}`") == spec.on_marker


@pytest.mark.parametrize("spec", [s for s in SPECS if "(default: " in s.help], ids=lambda s: s.name)
def test_the_help_tells_the_default_that_the_code_has(generate, spec):
    said = re.search(r"\(default: ([^)]*)\)", spec.help)[1].replace("%%", "%")
    shown = generate.default(spec).strip("`")
    assert said == shown or (said, shown) == ("all", "latency,picture,proof,memory")


def test_variants_markers_claims_and_requirements_are_complete(generate):
    made = generate.pages()
    for name in BUILT_IN:
        assert f"### `sd_{name}`" in made["fixtures.md"]
    for marker in plugin.MARKERS:
        assert marker.split("(", maxsplit=1)[0].split(":", maxsplit=1)[0] in made["markers.md"]
    for kind in CLAIM_KINDS:
        assert f"| `{kind}` |" in made["claims.md"]
    assert {*EXAMPLES} == {*generate._REQUIREMENTS}


def test_signs_of_tables_are_escaped(generate):
    assert generate._table(("a",), [("x|y",)]) == ["| a |", "| --- |", "| x\\|y |"]
    assert generate._escaped("sd_<name> `a_<b>`") == "sd\\_\\<name> `a_<b>`"
