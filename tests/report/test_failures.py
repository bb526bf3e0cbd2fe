"""Everything that fails a run in one list, every text plain."""

import msgspec

from pytest_sdperf.report.failures import error_sentence, failures
from pytest_sdperf.report.headline import case_count, headline
from pytest_sdperf.report.markdown import render
from pytest_sdperf.report.outcome import ErrorOutcome, Report
from pytest_sdperf.report.rows import rows
from pytest_sdperf.report.series import followed

CRASH = ErrorOutcome(
    "t.py::test_a", "the worker died. Fix it.", "boat", "boat-own-64x64-2steps", "one\n::two", "t.py", 3
)
OWN = ErrorOutcome("t.py::test_b", "AssertionError: no")


def test_cases_come_before_errors(report):
    whole = msgspec.structs.replace(report, errors=[CRASH, OWN])
    assert [(f.name, f.status) for f in failures(whole)] == [
        ("ipex_bf16_dpm", "BROKEN"),
        ("openvino_static", "REGRESSED"),
        ("openvino_static_f32", "NO BASELINE"),
        ("boat", "NOT MEASURED"),
        ("test_b", "ERROR"),
    ]
    assert case_count(whole) == 10
    assert headline(whole).startswith("4 of 10 cases failed: ")
    assert " 1 test failed in an error: test_b. " in headline(whole)
    assert len(followed(whole)) == len(followed(report)), "a service learns nothing of what was not measured"


def test_the_sentence_and_section_of_an_error():
    [crash, own] = failures(Report([], errors=[CRASH, OWN]))
    assert crash.sentence == "boat: not measured: the worker died. Fix it."
    assert own.sentence == "test_b: the test failed: AssertionError: no"
    assert crash.section.splitlines() == [
        "case      boat-own-64x64-2steps",
        "test      t.py::test_a",
        "",
        "worker's log",
        "          one",
        "          \\x3a:two",
    ]
    assert own.section == "test      t.py::test_b"


def test_hostile_texts_are_plain():
    error = ErrorOutcome("t.py::test", "a\n::error::\x1b[31m", "boat\n")
    assert error_sentence(error) == "boat\\n: not measured: a\\n::error::\\x1b[31m"


def test_an_error_has_a_row_without_figures(report):
    row = rows(msgspec.structs.replace(report, errors=[CRASH]))[-1]
    assert (row.variant, row.verdict, row.median_s, row.is_error) == ("boat", "NOT MEASURED", None, True)


def test_an_outcome_that_could_not_be_judged(report):
    outcome = msgspec.structs.replace(report.outcomes[0], verdict=None, error="the file is truncated. Restore it.")
    only = Report([outcome])
    [failed] = failures(only)
    assert (failed.name, failed.status) == ("fp32", "NOT JUDGED")
    assert failed.sentence == "fp32: not judged: the file is truncated. Restore it."
    assert headline(only) == "1 of 1 case failed: fp32 (not judged)."
    assert followed(only) == []


def test_markdown_of_errors_alone():
    text = render(Report([], errors=[OWN]))
    assert text.startswith("## ❌ sdperf: 1 test failed in an error\n\n0 cases. 1 test failed in an error.\n")
    text = render(Report([], errors=[CRASH]))
    assert text.startswith("## ❌ sdperf: 1 of 1 case failed\n\n1 case: 1 not measured.\n")
    assert "<details><summary>boat: NOT MEASURED</summary>" in text
