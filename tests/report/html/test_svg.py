"""Charts become parts of a page: its colours, its fonts, their own ids, and nothing but what was drawn."""

import re
import xml.etree.ElementTree as ET

import pytest

from pytest_sdperf.report.html.svg import COLOURS, WIDTH, inline

HOSTILE = '<script>alert("x")</script> & $x^2$ #000010 url(#a)'


def two_lines(figure, text=HOSTILE):
    axes = figure.subplots()
    axes.plot([1, 2], [1, 3], marker="o", color=COLOURS["head"])
    axes.set_title(text)
    axes.set_ylim(1, 2)


@pytest.fixture(scope="module")
def chart():
    return inline(two_lines, name="a", height=100, text='what "it" shows')


def test_it_is_one_element_that_says_what_it_shows(chart):
    root = ET.fromstring(chart)
    assert (root.tag, root.attrib) == (
        "svg", {"viewBox": f"0 0 {WIDTH} 100", "class": "chart", "role": "img", "aria-label": 'what "it" shows'}
    )  # fmt: skip
    assert {e.tag for e in root.iter()} <= {"svg", "g", "path", "use", "defs", "text", "clipPath", "rect", "tspan"}


def test_texts_are_texts_and_stay_what_they_are(chart):
    assert HOSTILE in [e.text for e in ET.fromstring(chart).iter("text")]
    assert "<script" not in chart


def test_colours_are_the_pages(chart):
    assert "var(--chart-head)" in chart
    without_text = re.sub(r">[^<]*<", "><", chart)
    assert not [colour for colour in COLOURS.values() if colour in without_text]


def test_two_charts_share_no_id():
    charts = [inline(two_lines, name=name, height=100, text="") for name in ("a", "b")]
    first, second = ({e.attrib["id"] for e in ET.fromstring(c).iter() if "id" in e.attrib} for c in charts)
    assert first
    assert not first & second
    referenced = set(re.findall(r'(?:href="#|url\(#)([\w-]+)', re.sub(r">[^<]*<", "><", charts[0])))
    assert referenced == first


def test_it_is_the_same_every_time_but_for_ids(chart):
    def anonymous(svg):
        return re.sub(r"a-\w+", "id", svg)

    assert anonymous(inline(two_lines, name="a", height=100, text='what "it" shows')) == anonymous(chart)


def test_no_setting_of_the_user_is_left_changed_or_matters():
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "path", "text.color": "red", "font.size": 40}):
        before = dict(mpl.rcParams)
        assert "<text" in inline(two_lines, name="a", height=100, text="")
        assert dict(mpl.rcParams) == before


def test_glyphs_that_only_the_page_has_warn_nobody(recwarn):
    inline(lambda figure: two_lines(figure, "帆船 ⛵"), name="a", height=100, text="")
    assert not recwarn.list
