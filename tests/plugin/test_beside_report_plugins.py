"""pytest-html and pytest-reportlog, the real ones: they carry our sentence, our section and the worker's log."""

import html
import json
import re

import pytest

TESTS = """
    import pytest

    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)

    def test_wreck(sd_wreck):
        sd_wreck.check(num_inference_steps=2)

    def test_noted(sd_ship, record_property):
        record_property("latency_s", sd_ship.measure(num_inference_steps=2).latency.median_s)
"""
SECTION = ("case      wreck-own-64x64-2steps", "picture   BROKEN: ", "accept    no update accepts a broken promise")


@pytest.fixture
def run(project):
    project.test(TESTS)

    def run(*args):
        result = project.run_beside_others("--sdperf-update=new", "--sdperf-json=out.json", *args)
        result.assert_outcomes(passed=2, failed=1)
        return project.path

    return run


def cases_of_html(path):
    """Name of each test in a report of pytest-html -> its entry, from the data that its page is drawn from."""
    [blob] = re.findall(r'data-jsonblob="([^"]*)"', path.read_text(encoding="utf-8"))
    return json.loads(html.unescape(blob))["tests"]


def test_pytest_html_has_our_section(run):
    cases = cases_of_html(run("--html=report.html", "--self-contained-html") / "report.html")
    assert sorted(cases) == ["test_it.py::test_noted", "test_it.py::test_ship", "test_it.py::test_wreck"]
    log = html.unescape(json.dumps(cases["test_it.py::test_wreck"], ensure_ascii=False))
    assert "wreck: picture BROKEN: " in log
    assert "sdperf" in log
    assert all(line in log for line in SECTION)
    assert "picture   BROKEN" not in json.dumps(cases["test_it.py::test_ship"])


def test_pytest_html_shows_names_as_text(project):
    """A test's name may hold markup: it is neither run nor lost."""
    project.test("""
        import pytest

        @pytest.mark.parametrize("name", ["<script>alert(1)</script>"])
        def test_wreck(sd_wreck, name):
            sd_wreck.check(num_inference_steps=2)
    """)
    project.run_beside_others("--html=report.html", "--self-contained-html", "--sdperf-gate=picture")
    assert "<script>alert(1)" not in (project.path / "report.html").read_text(encoding="utf-8")


def reports(path):
    """(node id, phase) -> what pytest-reportlog wrote of it."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(line["nodeid"], line["when"]): line for line in lines if line["$report_type"] == "TestReport"}


def test_pytest_reportlog_has_our_section_and_what_tests_note(run):
    told = reports(run("--report-log=log.jsonl") / "log.jsonl")
    wreck = told["test_it.py::test_wreck", "call"]
    assert wreck["outcome"] == "failed"
    assert "wreck: picture BROKEN: " in json.dumps(wreck["longrepr"])
    [section] = [text for name, text in wreck["sections"] if name == "Captured sdperf call"]
    assert all(line in section for line in SECTION)
    assert ["latency_s", 0.005] in told["test_it.py::test_noted", "call"]["user_properties"]
    assert told["test_it.py::test_ship", "call"]["sections"] == []
