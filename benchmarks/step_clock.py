"""A pytest plugin: writes when each step of sdperf's work begins, a line each, to the file that SDPERF_STEPS names."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pytest_sdperf.measure.progress import Reach, Step
from pytest_sdperf.plugin.progress_reporter import ProgressReporter

VARIABLE = "SDPERF_STEPS"

PHASES = {
    "preparing": "preparing",
    "building": "starting and building",
    "timing pictures": "warming up and timing",
    "drawing what is not timed": "pictures that are not timed",
    "collecting evidence": "evidence and stages",
    "drawing the reference": "reference drawn anew",
    "building and warming up": "pairs: starting",
    "round": "pairs: rounds",
}
"""Beginning of a step's words, or of those behind its part -> the phase that it is counted as."""

REST = "judging, pytest and the rest"


def phases(steps: str, begun_s: float, ended_s: float) -> dict[str, float]:
    """Phase -> wall seconds, from what the plugin wrote; the longest beginning that fits counts."""
    spent: dict[str, float] = {}
    at_s, phase = begun_s, REST
    for line in [*steps.splitlines(), f"{ended_s} "]:
        when, _, doing = line.partition(" ")
        spent[phase] = spent.get(phase, 0.0) + float(when) - at_s
        at_s, phase = float(when), _phase(doing)
    return spent


def _phase(doing: str) -> str:
    words = doing.rpartition(": ")[2]
    fitting = [beginning for beginning in PHASES if words.startswith(beginning)]
    return PHASES[max(fitting, key=len)] if fitting else REST


def pytest_configure() -> None:
    """Called in the measured run: from now on each step is written down, whether anybody is shown it or not."""
    show, path = ProgressReporter.show, Path(os.environ[VARIABLE])

    def show_and_write(self: ProgressReporter, step: Step) -> None:
        if step.reach is not Reach.TICK:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{time.time()} {step.doing}\n")
        show(self, step)

    ProgressReporter.show = show_and_write  # type: ignore[method-assign]
