"""The report as one self-contained HTML page: no scripts, nothing loaded, readable on a phone and in print."""

from __future__ import annotations

from pytest_sdperf.report.html.page import page_view
from pytest_sdperf.report.outcome import Report


def render(report: Report) -> str:
    """The page. Needs jinja2 and matplotlib (the extra `report`).

    Every text of the report is escaped by the template and made plain before; images come from
    ``report.images`` alone, as data.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_sdperf.report.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text: str = environment.get_template("page.html.j2").render(page=page_view(report))
    return f"{text}\n"
