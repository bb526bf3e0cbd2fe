"""The page of `sdperf variants`: what each one is, needs, promises, and whether it can run here."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.cli.pages.doctor_page import can_run
from pytest_sdperf.cli.pages.text_page import Page
from pytest_sdperf.doctor.diagnosis import Runnable
from pytest_sdperf.variant import REFERENCE_VARIANT, Launch, Variant


def render(variants: Sequence[Runnable], *, problems: Sequence[str], note: str, width: int | None, colour: bool) -> str:
    """A block for each variant; ``note`` says what is listed."""
    page = Page(width=width, colour=colour)
    for runnable in variants:
        variant = runnable.variant
        summary = f": {variant.summary}" if variant.summary else ""
        page.title(f"{variant.name}{summary}")
        rows = [("here", can_run(runnable)), *_rows(variant)]
        page.pairs([*rows, ("declared", f"by {runnable.origin}, built by {variant.factory}")])
    for problem in problems:
        page.title(problem)
    page.title(note)
    return page.text()


def _rows(variant: Variant) -> list[tuple[str, str]]:
    rows = [
        ("fixture", f"sd_{variant.name}"),
        ("needs", ", ".join(variant.requirements) or "nothing"),
        ("proves", ", ".join(map(str, variant.claims)) or "nothing"),
        ("launch", _launch(variant.launch)),
    ]
    if variant.params:
        rows.append(("parameters", ", ".join(f"{name}={value}" for name, value in variant.params.items())))
    if variant.precision:
        rows.append(("precision", variant.precision))
    if variant.scheduler != "default":
        rows.append(("scheduler", variant.scheduler))
    if variant.thresholds:
        rows.append(("limits", ", ".join(f"{name}={value}" for name, value in variant.thresholds.items())))
    if variant.reference not in (REFERENCE_VARIANT, variant.name):
        rows.append(("truth", variant.reference or "its own stored picture"))
    if not variant.needs_model:
        rows.append(("model", "brings its own weights"))
    return rows


def _launch(launch: Launch) -> str:
    parts = [f"{name}={value}" for name, value in launch.env.items()]
    if launch.preload:
        parts.insert(0, f"preloads {', '.join(launch.preload)}")
    if launch.pin:
        parts.insert(0, "one thread pinned to each usable core")
    return "; ".join(parts) or "as the session's own environment"
