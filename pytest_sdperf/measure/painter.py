"""Draw a case's pictures with the base's code, where nothing is measured side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.set_up import Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.measure.comparer import Comparer
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options


class Painter:
    """Draws with the code of one revision."""

    def __init__(self, engine: Engine, revision: Revision, invocation: Invocation) -> None:
        self._comparer = Comparer(engine, Target(None, revision, None, control=False), invocation)

    def pictures(self, measured: Measured, options: Options) -> Mapping[str, Path]:
        """The case's pictures, drawn in one pair of processes; picture key -> .npy.

        Empty where another variant draws the reference, and where the revision cannot draw, or not with its own code.
        """
        variant = measured.case.variant
        if variant.reference not in (None, variant.name) or "picture" not in options.gate:
            return {}
        # One pair is measured, whatever the budget.
        once = options._replace(rounds=1, budget=0.0, identical="measure")
        return self._comparer.compare(measured, once).base_pictures
