import sys
import types

import pytest

from pytest_sdperf.report import formats as table
from pytest_sdperf.report import json
from pytest_sdperf.report.formats import RENDERINGS

FILES = {name: made for name, made in RENDERINGS.items() if name != "json"}


@pytest.fixture
def renderings(monkeypatch):
    """Every rendering stood in for by one that writes its name and the variants."""
    for name, made in FILES.items():
        module = types.ModuleType(made.target.partition(":")[0])

        def render(report, name=name):
            return f"{name}: {[outcome.measurement.variant for outcome in report.outcomes]}\n"

        module.render = render
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_the_summary_is_printed_by_default(run, write_report, measure):
    out = run("report", write_report("a.json", measure(), measure("tuned"))).stdout
    assert out.startswith("sdperf: bundled · 64x64 · 2 steps · spr-8cores-amx\n")
    assert "\ntuned " in out


@pytest.mark.parametrize("columns", [80, 140])
def test_the_summary_fits_the_screen(run, write_report, measure, columns):
    out = run("report", write_report("a.json", measure()), columns=columns).stdout
    assert max(map(len, out.splitlines())) <= columns


def test_files_are_written(run, write_report, measure, renderings, folder):
    name = write_report("a.json", measure())
    result = run("report", name, "--html=out/page.html", "--markdown", "summary.md")
    assert result.stdout == ""
    assert result.stderr == "html: out/page.html\nmarkdown: summary.md\n"
    assert (folder / "out" / "page.html").read_text() == "html: ['fp32']\n"
    assert (folder / "summary.md").read_text() == "markdown: ['fp32']\n"


def test_from_stdin_to_stdout(run, write_report, measure, renderings, folder):
    text = (folder / write_report("a.json", measure())).read_text()
    assert run("report", "-", "--bencher=-", stdin=text).stdout == "bencher: ['fp32']\n"


def test_the_report_itself_is_not_overwritten(run, write_report, measure, renderings, folder):
    name = write_report("a.json", measure())
    assert "./a.json is the report itself [--html]" in run("report", name, "--html=./a.json", code=2).stderr
    assert json.read((folder / name).read_text()).outcomes


def test_a_file_that_cannot_be_written(run, write_report, measure, renderings, folder):
    (folder / "taken").mkdir()
    error = run("report", write_report("a.json", measure()), "--html=taken", code=2).stderr
    assert error == "Error: taken cannot be written: Is a directory [--html]. Name a file that can be written.\n"


def test_a_library_that_is_missing(run, write_report, measure, renderings, monkeypatch, folder):
    monkeypatch.setattr(table, "_installed", lambda name: name != "jinja2")
    error = run("report", write_report("a.json", measure()), "--markdown=x.md", "--html=x.html", code=2).stderr
    assert "'x.html' cannot be written without jinja2 [--html]" in error
    assert 'pip install "pytest-sdperf[report]"' in error
    assert not (folder / "x.md").exists()


def test_a_report_that_is_not_there(run):
    assert "reading failed: No such file or directory [gone.json]" in run("report", "gone.json", code=2).stderr
