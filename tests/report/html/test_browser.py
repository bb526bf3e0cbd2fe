"""The page in a real browser: it renders, loads nothing, fits a phone and paper, and can be read by everybody."""

import os
import re
import shutil

import pytest

from pytest_sdperf.report import html

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
A4 = round((210 - 2 * 14) / 25.4 * 96)
"""Width between the margins, in CSS pixels."""

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}


def lacking(what):
    """Skip; where CI runs these tests, they must run."""
    told = f"{what}. Install chromium (Debian: apt-get install chromium) and run: tox run -e browser"
    if os.environ.get("CI"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright is not installed")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        lacking(f"no browser is on the PATH ({', '.join(BROWSERS)})")
    with sync_playwright() as playwright:
        # CI runs as root in a container, where chromium's own sandbox cannot start.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory, whole, hostile):
    """Pages as files, by name."""
    folder = tmp_path_factory.mktemp("pages")
    for name, report in (("whole", whole), ("hostile", hostile)):
        (folder / f"{name}.html").write_text(html.render(report), encoding="utf-8")
    return folder


@pytest.fixture
def opened(browser, files):
    """Open a page: opened("whole", viewport, scheme). Whatever it complains of or asks for fails the test."""
    contexts, complaints = [], []

    def opened(name="whole", viewport=DESKTOP, scheme="light", **more):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        address = (files / f"{name}.html").as_uri()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                complaints.append(f"asks for {request.url[:80]}")
                if not request.url.startswith("data:") and request.url.partition("#")[0] != address
                else None
            ),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("name", ["whole", "hostile"])
def test_it_renders_and_every_picture_is_there(opened, name):
    page = opened(name)
    assert page.title().startswith("sdperf")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    broken = page.evaluate(
        "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth > 0, () => false)))"
        ".then(all => all.filter(one => !one).length)"
    )
    assert broken == 0
    assert page.locator("img, svg.picture").count() > 0
    empty = page.evaluate(
        "[...document.querySelectorAll('svg.chart, svg.picture, img')].filter(e => e.getBoundingClientRect().height < 20).length"
    )
    assert empty == 0


def test_it_reads_without_scripts(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("article").count() == 7
    page.locator("details").first.locator("summary").click()  # works by itself
    assert page.locator("details[open]").count() == 1


@pytest.mark.parametrize("name", ["whole", "hostile"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_is_wider_than_the_screen(opened, name, viewport):
    page = opened(name, viewport)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert page.evaluate("document.body.scrollWidth") <= viewport["width"]
    if name == "whole" and viewport is PHONE:  # the table scrolls in its own box
        box = "document.querySelector('.scroll')"
        assert page.evaluate(f"{box}.scrollWidth > {box}.clientWidth")


def test_texts_of_charts_can_be_read_on_a_phone(opened):
    page = opened(viewport=PHONE)
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg.chart text')].map(t => { const chart = t.closest('svg');"
        " return parseFloat(getComputedStyle(t).fontSize) * chart.clientWidth / chart.viewBox.baseVal.width; })"
    )
    assert min(sizes) >= 8  # pixels


@pytest.mark.parametrize(("name", "scheme"), [("whole", "light"), ("whole", "dark"), ("hostile", "light")])
def test_axe_finds_nothing(opened, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = Axe().run(page, options=AXE).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"]) for v in found] == []


def luminance(colour):
    """Of `rgb(1, 2, 3)`: WCAG 2.1."""
    channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_hand():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_stand_out_from_the_page(opened, scheme):
    """Texts by 4.5 to 1, what is drawn by 3 to 1 (WCAG 2.1, 1.4.3 and 1.4.11); axe does not look into SVG."""
    page = opened(scheme=scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) > 0.5) is (scheme == "light")
    texts = page.evaluate(
        "[...new Set([...document.querySelectorAll('svg.chart text')].map(t => getComputedStyle(t).fill))]"
    )
    assert texts
    assert min(contrast(text, paper) for text in texts) >= 4.5
    names = ["base", "head", "limit", *(f"stage-{n}" for n in range(6))]
    drawn = page.evaluate(
        "names => names.map(n => { const p = document.createElement('p'); p.style.color = `var(--chart-${n})`;"
        " document.body.append(p); const c = getComputedStyle(p).color; p.remove(); return c; })",
        names,
    )
    low = {n: round(contrast(c, paper), 2) for n, c in zip(names, drawn, strict=True) if contrast(c, paper) < 3}
    assert low == {}


def test_hostile_names_are_text(opened):
    page = opened("hostile")
    assert page.title().startswith("sdperf")
    assert page.locator("script").count() == 0
    assert "<script>document.title='owned'</script>" in page.locator("body").inner_text()
    assert page.locator("svg.chart text", has_text="<script>").count() > 0


def test_it_can_be_walked_by_keyboard(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the cases"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "group"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#case-1"


def test_paper_shows_what_the_screen_hides(opened):
    page = opened(scheme="dark")
    hidden = page.locator("details").first.locator("li").first
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert hidden.bounding_box()["height"] > 5
    assert not page.locator(".back").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.set_viewport_size({"width": A4, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == A4
    assert page.evaluate("document.querySelector('.summary').offsetWidth") <= A4
