"""The report as Markdown, and text from outside in it."""

# ruff: noqa: RUF001 - dashes stand in the table where there is no figure
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_sdperf.report.markdown import MOST_COMMENT_BYTES, MOST_SUMMARY_BYTES, fenced, prose, render
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]
MARKDOWN = MarkdownIt("commonmark").enable("table")
HOSTILE = "<img src=x onerror=alert(1)> | `a` @octocat #1\n\n# h \u202e ![x](https://x.test) ```"


def page(markdown: str) -> str:
    """As a browser would show it, numeric escapes read."""
    return str(MARKDOWN.render(markdown))


def test_the_whole_report(report: Report) -> None:
    text = render(report)
    top, _, details = text.partition("### Details\n\n")
    assert top == (
        "## ❌ sdperf: 3 of 9 cases failed\n\n"
        "9 cases: 4 PASSED, 1 FASTER, 1 BROKEN, 1 INCONCLUSIVE, 1 REGRESSED, 1 NO BASELINE.\n\n"
        "synthetic&#58;sd15 · 256x256 · 20 steps · zen5-2c-avx512&#95;bf16\n\n"
        "| variant | latency s | vs fp32 | UNet s | SSIM | PSNR dB | peak | proven | verdict |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n"
        "| fp32 | 35.5 ±1.5 % | 1.00x | 1.543 | – | – | 4.8 GiB | f32 100 % | PASSED |\n"
        + top.partition("| f32 100 % | PASSED |\n")[2]
    )
    assert "| openvino&#95;static | 12.0 ±0.4 % | 2.96x | 0.522 | 0.9998 | 53.1 | 6.7 GiB | bf16 98 %" in top
    assert top.endswith(
        "### Failed\n\n"
        "- ipex&#95;bf16&#95;dpm&#58; proof BROKEN&#58; broken claim kernel&#95;isa(avx512&#95;bf16)&#58; lost. "
        "(tests/perf/test&#95;blog.py&#58;&#58;test&#95;ipex&#95;bf16&#95;dpm)\n"
        "- openvino&#95;static&#58; latency REGRESSED&#58; 12 s is 9.1 % slower than the baseline's 11 s (limit 5 %; with "
        "95 % confidence at least 6 % slower); with 2 recorded runs of 5 processes, slowdowns above 8.31 % are detected; "
        "--sdperf-against&#61;REV (a git revision) finds out whether it is the code or the machine. "
        "(tests/perf/test&#95;blog.py&#58;&#58;test&#95;openvino&#95;static)\n"
        "- openvino&#95;static&#95;f32&#58; latency NO BASELINE&#58; 18.9 s ±0.5 %, but there is no baseline for this case "
        "and machine yet; record it with --sdperf-update&#61;new. (tests/perf/test&#95;blog.py&#58;&#58;test&#95;openvino&#95;static&#95;f32)\n\n"
        "### Not decided\n\n"
        "- openvino: latency INCONCLUSIVE: 13.3 s is 6.0 % slower than the baseline's 12.5 s (limit 5 %), but not by "
        "more than the noise explains; with 2 recorded runs of 5 processes, slowdowns above 8.31 % are detected; compare side by side "
        "with --sdperf-against&#61;REV (a git revision), or record more runs with --sdperf-update&#61;all\n\n"
        "### Notes\n\n"
        "- baselines/old.json belongs to no case of this session (foreign file)\n\n"
    )
    assert [line for line in details.splitlines() if line.startswith("<details>")] == [
        "<details><summary>ipex&#95;bf16&#95;dpm: BROKEN</summary>",
        "<details><summary>openvino: INCONCLUSIVE</summary>",
        "<details><summary>openvino&#95;static: REGRESSED</summary>",
        "<details><summary>openvino&#95;static&#95;f32: NO BASELINE</summary>",
    ]
    assert "accept    pytest --sdperf --sdperf-update=all tests/perf/test_blog.py::test_openvino_static\n" in details
    assert page(text).count("<tr>") == 10


@pytest.mark.parametrize(
    ("statuses", "title"),
    [
        ([Status.PASSED, Status.FASTER], "## ✅ sdperf: nothing failed\n"),
        ([Status.PASSED, Status.INCONCLUSIVE], "## ⚠️ sdperf: nothing failed, and not everything is decided\n"),
        ([Status.REGRESSED], "## ❌ sdperf: 1 of 1 case failed\n"),
        ([], "## sdperf: nothing was judged\n"),
    ],
)
def test_the_title(
    statuses: list[Status], title: str, make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    outcomes = [make_outcome(make_measurement(), make_finding("latency", status)) for status in statuses]
    assert render(Report(outcomes)).startswith(title)


def test_the_title_of_a_run_that_left_tests_of_the_base_unjudged(
    make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    outcome = make_outcome(make_measurement(), make_finding("latency", Status.PASSED))
    title = "## ⚠️ sdperf: nothing failed, and not everything was judged\n"
    assert render(Report([outcome], ["a"], warnings=["a"])).startswith(title)
    assert render(Report([], ["a"], warnings=["a"])).startswith("## ⚠️ sdperf: nothing was judged\n")


def test_what_was_only_measured_or_recorded_does_not_look_judged(
    make_outcome: Make, make_measurement: Make, make_finding: Make
) -> None:
    measured = render(Report([Outcome("test", make_measurement(), None)]))
    assert measured.startswith("## sdperf: 1 case measured, none judged\n\n1 case: 1 only measured.\n")
    recorded = render(Report([make_outcome(make_measurement(), make_finding("latency"), recorded=True)]))
    assert "1 case: 1 PASSED. **1 recorded: latency and memory were not judged for these.**\n" in recorded


def test_intervals_side_by_side(make_outcome: Make, make_measurement: Make, make_finding: Make) -> None:
    medians_s = {"median_s": 0.416, "base_s": 0.364, "base": "main (2c7bd6e352)"}
    slow = make_finding("paired", Status.REGRESSED, **medians_s, ratio=1.127, lower=1.073, upper=1.185)
    control = make_finding("control", **medians_s, ratio=1.001, lower=None, upper=None)
    outcome = make_outcome(make_measurement("ours"), slow, control)
    text = render(Report([outcome]))
    assert (
        "### Side by side\n\n"
        "| variant | compared with | base | head | change | bounds | pairs | verdict |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| ours | main (2c7bd6e352) | 364 ms | 416 ms | +12.7 % | +7.3 % to +18.5 % (95%) | 4 | REGRESSED |\n"
        "| ours | main (2c7bd6e352) | 364 ms | 416 ms | +0.1 % | unknown to unknown (95%) | 4 | PASSED |\n"
    ) in text
    for other in (make_finding("latency"), make_finding("paired", Status.INVALID_ENVIRONMENT)):
        assert "### Side by side" not in render(Report([make_outcome(make_measurement("ours"), other)]))


@pytest.fixture
def make(
    make_outcome: Make, make_measurement: Make, make_finding: Make, make_score: Make
) -> tuple[Make, Make, Make, Make]:
    return make_outcome, make_measurement, make_finding, make_score


def hostile_report(name: str, make: tuple[Make, Make, Make, Make], cases: int = 1) -> Report:
    make_outcome, make_measurement, make_finding, make_score = make
    outcomes = [
        msgspec.structs.replace(
            make_outcome(
                make_measurement(name, model=name),
                make_finding("paired", Status.INVALID_ENVIRONMENT, base=name, invalid=name),
                make_finding("picture", Status.BROKEN, pictures=[make_score(prompt=name, fault=name)] * 20),
            ),
            nodeid=name,
        )
        for _ in range(cases)
    ]
    return Report(outcomes, notes=[name])


def assert_harmless(markdown: str) -> None:
    """Only our own markup: a table of as many cells everywhere, blocks of code, and the tags of the details."""
    tokens = MARKDOWN.parse(markdown)
    inline = [child for token in tokens for child in token.children or []]
    tags = [t.content for t in [*tokens, *inline] if t.type in ("html_block", "html_inline")]
    assert all(re.fullmatch(r"<details><summary>[^<>@]*</summary>\s*|</details>\s*", tag) for tag in tags), tags
    assert {t.type for t in inline} <= {
        "text",
        "text_special",
        "html_inline",
        "strong_open",
        "strong_close",
        "softbreak",
    }
    assert not re.search(r"@\w", "".join(t.content for t in inline))
    rows_of_table = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert len({line.count("|") for line in rows_of_table}) <= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.text(alphabet=st.sampled_from("ab1 \n\\`*_[]()<>#|~&@:!$^=.-w;/\u202e"), max_size=40))
def test_no_name_makes_markup(name: str, make: tuple[Make, Make, Make, Make]) -> None:
    assert_harmless(render(hostile_report(name, make)))


def test_a_hostile_report_of_any_size_fits(make: tuple[Make, Make, Make, Make]) -> None:
    huge = hostile_report(HOSTILE * 100, make, cases=50)
    for most_bytes in (3000, 10_000, MOST_COMMENT_BYTES, 200_000, MOST_SUMMARY_BYTES):
        text = render(huge, most_bytes=most_bytes)
        assert len(text.encode()) <= most_bytes
        assert text.startswith("## ❌ sdperf: 50 of 50 cases failed\n")
        assert_harmless(text)
        assert ("\n| --- |" in text) == (most_bytes >= 200_000)


def test_details_give_way_first_and_that_is_told(report: Report) -> None:
    whole = render(report)
    size = len(whole.encode())
    assert render(report, most_bytes=size) == whole
    assert "Shortened" not in whole
    shorter = render(report, most_bytes=size - 1)
    assert "> Shortened to " in shorter
    assert "; left out: 1 of details. The report in JSON has all of it.\n" in shorter
    short = render(report, most_bytes=3200)
    assert "details" not in short.replace("4 of details", "")
    assert "### Failed" in short
    shortest = render(report, most_bytes=700)
    assert len(shortest.encode()) <= 700
    assert "left out: 9 of table, 3 of failed, 1 of inconclusive, 1 of notes, 4 of details." in shortest


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HIDDEN = "\u200b"
HOSTILE_TEXTS = [
    "<script>alert(1)</script>",
    "<!-- gone -->",
    "![a](https://example.test/x.png)",
    "[a](https://example.test)",
    "<https://example.test>",
    "https://example.test www.example.test WWW.example.test mail@example.test",
    "@octocat and @org/team",
    "#12 GH-12 gh-12 org/repo#12 org/repo@0123456",
    "a | b \\| c",
    "two\nlines\r\n\n# heading",
    "**bold** _it_ ~~gone~~ `code` ``more``",
    "&lt;b&gt; &#64;",
    ":tada: ::error::",
    "$x^2$ $$y$$ ==marked==",
    "\u202egnp.exe",
    "\\",
    "\\`",
]


def shown(markdown: str) -> str:
    """The text of a paragraph, which must be all that the paragraph has."""
    tokens = MARKDOWN.parse(f"- text {markdown}")
    [inline] = [token for token in tokens if token.type == "inline"]
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children or []).removeprefix("text").lstrip()


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_prose_shows_the_text_and_does_nothing(text: str) -> None:
    page = shown(prose(text))
    assert page.replace(HIDDEN, "") == plain(text).rstrip()
    assert not re.search(r"@\w|#\d|GH-\d|:[\w+-]+:", page, re.IGNORECASE)
    assert not re.search(r"https?://|www\.", prose(text), re.IGNORECASE)


@given(st.text(alphabet=st.sampled_from("ab1 \n\\`*_[]()<>#|~&@:!$^=.-wgh;/\u202e\u00e9"), max_size=60))
def test_any_text_is_only_shown(text: str) -> None:
    page = shown(prose(text))
    assert page.replace(HIDDEN, "").split() == plain(text).split()
    assert not re.search(r"@\w|#\d|:[\w+-]+:", page, re.ASCII)


def test_the_limit_counts_what_is_shown() -> None:
    assert shown(prose("<" * 10_000, 40)).count("<") == 39


def test_a_tests_name_can_be_copied() -> None:
    assert shown(prose("tests/test_it.py::test_ship[a-1]")) == "tests/test_it.py::test_ship[a-1]"


def test_plain_words_stay_readable() -> None:
    assert prose("12.0 s is 9.1 % slower (limit 5 %), 3 pairs; ±1.2 % · bf16") == (
        "12.0 s is 9.1 % slower (limit 5 %), 3 pairs; ±1.2 % · bf16"
    )


@pytest.mark.parametrize("text", ["", "a", "```", "a\n````\n</details>\n@octocat", "`" * 30, "~~~"])
def test_a_block_of_code_ends_where_it_should(text: str) -> None:
    [token] = MARKDOWN.parse(fenced(text))
    assert (token.type, token.content) == ("fence", f"{text}\n")
