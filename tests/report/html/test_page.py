"""The page holds everything, from the file alone, as text, and stays small."""

import json
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import jsonschema
import msgspec
import pytest

from pytest_sdperf.report import html, json_schema
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.thumbnails import MOST_BYTES, MOST_SHOWN
from pytest_sdperf.verdict.chain_finding import BrokenLink, ChainFinding
from pytest_sdperf.verdict.status import Status

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Elements, attributes and texts of a page; every element must end where it should."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def rendered(whole):
    return html.render(whole)


@pytest.fixture(scope="module")
def page(rendered):
    return Page(rendered)


def test_it_is_made_from_the_file_alone(whole, rendered):
    text = report_json.render(whole)
    assert html.render(report_json.read(text)) == rendered
    jsonschema.validate(json.loads(text), json_schema.schema())


def test_the_first_screen(page):
    assert "1 of 7 cases failed: openvino_static (latency REGRESSED). 1 is INCONCLUSIVE: openvino." in page.text
    for told in (
        "machine zen5-2c-avx512_bf16", "CPU AMD EPYC 9B45", "begun 2026-11-24T12:00:00Z", "pytest-sdperf 0.1.0",
        "side by side with main (1a2b3c4d5e)", "openvino_static ✗ REGRESSED ✗ latency REGRESSED ✓ picture PASSED ✓ proof PASSED ✓ memory PASSED",
    ):  # fmt: skip
        assert told in page.text, told
    assert "NOTE" not in page.text
    assert "1 stored here but not used by this run" in page.text


def test_every_case_has_all_of_its_parts(page, whole):
    charts = [svg for svg in page.all("svg") if svg.get("class") == "chart"]
    # one of speed-ups; of each case latency and stages, and a chain but of fp32, which is its own reference
    assert len(charts) == 1 + 3 * len(whole.outcomes) - 1
    for told in (
        "Change +13", "95 % bounds", "Crosses: pairs that do not count", "appeared: convolution brg_conv_fwd",
        "vanished: convolution jit:avx512_core_amx_bf16", "torch 2.7.1 -> 2.8.0", "kernel_precision(bf16): as claimed",
        "difference (black: no difference; brightest:", "no difference: identical", "UNet call 1", "OMP_NUM_THREADS",
    ):  # fmt: skip
        assert told in page.text, told
    assert page.text.index("Pictures, the worst first") < page.text.index("The picture, link by link")


def test_the_worst_picture_comes_first(rendered):
    case = rendered.partition('id="case-2"')[2]
    shown = case.partition("<q>")[2].partition("</q>")[0]
    assert shown == "lighthouse in snow by Monet"  # the fourth, to which the most was added
    assert "3 more of this case" in case


def test_nothing_is_loaded_and_nothing_runs(page, rendered):
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "audio", "video", "base"}
    attributes = [(k, v or "") for _, attrs in page.elements for k, v in attrs.items()]
    assert not [k for k, _ in attributes if k.startswith("on")]
    targets = [v for k, v in attributes if k in ("src", "href", "xlink:href", "srcset", "action", "poster", "data")]
    assert targets
    assert not [t for t in targets if not t.startswith(("#", "data:image/", "data:,"))]
    assert "@import" not in rendered
    assert "url(" not in rendered.partition("<style>")[2].partition("</style>")[0]


def test_ids_are_unique_and_every_link_has_its_target(page):
    ids = Counter(attrs["id"] for _, attrs in page.elements if "id" in attrs)
    assert [i for i, count in ids.items() if count > 1] == []
    named = {v[1:] for _, attrs in page.elements for k, v in attrs.items() if k == "href" and v.startswith("#")}
    named |= {i for _, attrs in page.elements for i in (attrs.get("aria-labelledby") or "").split()}
    assert named <= set(ids)


def test_everything_that_is_seen_is_said(page):
    assert all(attrs.get("alt") for attrs in page.all("img"))
    shown = [svg for svg in page.all("svg") if svg.get("class") != "store"]
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in shown)
    assert page.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4", "h5"}]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_a_shared_picture_stands_on_the_page_once(rendered, whole):
    references = {p.reference for o in whole.outcomes for p in o.pictures}
    assert len(references) == 4
    assert rendered.count("data:image/webp") == len(whole.images)


def test_what_is_hidden_behind_more_is_never_a_verdict(rendered):
    for hidden in rendered.split("<details>")[1:]:
        assert 'class="mark bad"' not in hidden.partition("</details>")[0]


def test_hostile_names_are_text(hostile):
    rendered = html.render(report_json.read(report_json.render(hostile)))
    page = Page(rendered)
    assert "script" not in {tag for tag, _ in page.elements}
    assert not [k for _, attrs in page.elements for k in attrs if k.startswith("on")]
    assert "<script>document.title='owned'</script>" in page.text
    for hidden in ("\u202e", "\u2066", "\ud800"):
        assert hidden not in rendered
    assert "\\u202egnp.exe\\u2066" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "49" not in [t.strip() for t in page.texts]
    assert "$x^2$" in page.text
    assert "x" * 1100 not in rendered
    assert len(rendered) < 3_000_000
    ids = Counter(attrs["id"] for _, attrs in page.elements if "id" in attrs)
    assert max(ids.values()) == 1
    assert not [i for i in ids if not i.replace("-", "").replace("_", "").isalnum()]


@pytest.mark.one_python
def test_seven_variants_of_four_prompts_at_512_px_are_below_5_mb(make_whole):
    report = make_whole(side=512)
    assert [len(o.pictures) for o in report.outcomes] == [4] * 7
    rendered = html.render(report)
    assert 500_000 < len(rendered.encode()) < 5_000_000


def test_nine_of_the_largest_pictures_that_can_be_are_below_5_mb(make_whole):
    """Whatever they show: the text of the page, and as many images as nine cases have at most, each as large as may be."""
    report = make_whole({f"variant_{i}": 1.0 + i for i in range(9)})
    text = len(html.render(report)) - sum(4 * -(-len(data) // 3) for data in report.images.values())
    images = (2 * 9 + 1) * MOST_SHOWN
    assert text + images * MOST_BYTES * 4 / 3 < 5_000_000


def test_an_empty_report():
    page = Page(html.render(Report([])))
    assert "Nothing was measured." in page.text
    assert "There is nothing to show." in page.text


def test_cases_that_lack_almost_everything(report, make_measurement):
    page = Page(html.render(report))
    assert "3 of 9 cases failed" in page.text
    page = Page(html.render(Report([Outcome("test", make_measurement(unet=False, workload={}), None)])))
    assert "measured only" in page.text
    assert "Nothing was claimed, or nothing was judged." in page.text


def test_several_sizes_and_workloads(make_measurement):
    big = make_measurement("boat", sizes=("64x64", "128x128"))
    page = Page(html.render(Report([Outcome("test", big, None)])))
    assert len([svg for svg in page.all("svg") if svg["aria-label"].startswith("Latency, and how")]) == 2
    assert "at 64x64, the size that decides" in page.text


def test_pictures_that_are_not_shown_are_counted(whole):
    outcome = msgspec.structs.replace(whole.outcomes[1], pictures_left_out=2)
    told = html.render(Report([outcome], images=whole.images))
    assert "2 more pictures came closer to the reference and are not shown." in told


def test_the_chain_of_the_picture_that_breaks_is_drawn(whole):
    verdict = whole.outcomes[1].verdict
    chain = verdict.chain
    for broken, key in (([], "64x64/0"), ([BrokenLink("64x64/2", "output", "unet", 3, 9.0, 60.0)], "64x64/2")):
        findings = [msgspec.structs.replace(chain, broken=broken)]
        outcome = msgspec.structs.replace(
            whole.outcomes[1], verdict=msgspec.structs.replace(verdict, findings=findings)
        )
        assert (
            f"Picture {key}, each link with fp32's own values before it"
            in Page(html.render(Report([outcome], images=whole.images))).text
        )


def test_without_a_chain_there_is_none(whole):
    for findings in ([], [ChainFinding(status=Status.NOT_JUDGED, reference="fp32", not_followed="no stages")]):
        outcome = msgspec.structs.replace(
            whole.outcomes[1], verdict=msgspec.structs.replace(whole.outcomes[1].verdict, findings=findings)
        )
        assert "The picture, link by link" not in html.render(Report([outcome], images=whole.images))


def test_claims_that_differ_only_in_at_least_are_two_lines(make_measurement, make_outcome, make_finding, make_claim):
    claims = [make_claim("kernel_precision(bf16)", at_least=share) for share in (0.9, 0.95)]
    told = Page(html.render(Report([make_outcome(make_measurement(), make_finding("proof", claims=claims))]))).text
    for share in (90, 95):
        assert f"kernel_precision(bf16, at least {share} %): as claimed" in told
