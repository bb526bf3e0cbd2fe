"""The files that a run writes: checked before it begins, and each written whatever becomes of the others."""

import pytest

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.report import formats as renderings
from pytest_sdperf.report import json
from pytest_sdperf.report.outcome import Report

REPORT = Report([], notes=["all quiet"])


def refused(**options):
    with pytest.raises(OptionError) as caught:
        renderings.check_renderings(Options(**options))
    return str(caught.value)


def test_nothing_asked_for(tmp_path):
    renderings.check_renderings(Options())
    assert list(renderings.write(REPORT, Options(), tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_those_that_a_run_writes_are_options():
    by_field, by_spec = (set(renderings.RENDERINGS) & names for names in ({*Options._fields}, {s.name for s in SPECS}))
    assert by_field == by_spec == {"json", "html", "markdown"}


@pytest.mark.parametrize("name", renderings.RENDERINGS)
def test_every_one_renders(name):
    assert renderings.RENDERINGS[name](REPORT)


def test_all_of_them(tmp_path):
    options = Options(json="a/report.json", html="b/report.html", markdown="summary.md")
    renderings.check_renderings(options)
    assert list(renderings.write(REPORT, options, tmp_path)) == []
    assert "all quiet" in (tmp_path / "a" / "report.json").read_text()
    assert "all quiet" in (tmp_path / "b" / "report.html").read_text()
    assert "all quiet" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(
    ("lacking", "told"),
    [({"jinja2"}, "jinja2"), ({"matplotlib"}, "matplotlib"), ({"jinja2", "matplotlib"}, "jinja2 and matplotlib")],
)
def test_what_is_not_installed_is_told_with_the_cure(monkeypatch, lacking, told):
    monkeypatch.setattr(renderings, "_installed", lambda name: name not in lacking)
    assert refused(html="r.html") == (
        f"'r.html' cannot be written without {told} [--sdperf-html]. "
        'Install what it needs: pip install "pytest-sdperf[report]".'
    )
    renderings.check_renderings(Options(json="r.json"))


def test_what_is_installed_is_found_without_importing_it():
    assert renderings._installed("jinja2")
    assert not renderings._installed("no_such_ship")


@pytest.mark.parametrize("other", ["r", "./r"])
def test_two_renderings_of_one_name(other):
    assert (
        refused(json="r", html=other) == "'r' is named by --sdperf-json, too [--sdperf-html]. Name two different files."
    )


def test_one_that_cannot_be_written_costs_no_other(tmp_path):
    (tmp_path / "folder").mkdir()
    options = Options(json="folder", html="r.html")
    [problem] = renderings.write(REPORT, options, tmp_path)
    assert problem.startswith("--sdperf-json=folder cannot be written: ")
    assert problem.endswith(". Name a file that can.")
    assert (tmp_path / "r.html").exists()


def test_one_that_cannot_be_rendered_costs_no_other(tmp_path, monkeypatch):
    def sink(report):
        raise ValueError("the ship sank")

    monkeypatch.setattr(json, "render", sink)
    [problem] = renderings.write(REPORT, Options(json="r.json", html="r.html"), tmp_path)
    assert problem == (
        "--sdperf-json=r.json cannot be rendered: ValueError: the ship sank. "
        "This is a fault of pytest-sdperf: please report it, with the file of --sdperf-json."
    )
    assert (tmp_path / "r.html").exists()
    assert not (tmp_path / "r.json").exists()
