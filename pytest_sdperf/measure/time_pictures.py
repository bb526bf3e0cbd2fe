"""Time the pictures of one process that is measured by itself."""

from __future__ import annotations

import operator
from functools import reduce

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import Size
from pytest_sdperf.measure.regime_watch import Beside, drawn_in_usual_regime, without_stages
from pytest_sdperf.measure.rig import AskedWorker
from pytest_sdperf.measurement import ImageTiming


def time_pictures(
    worker: AskedWorker, size: Size, rounds: int, beside: Beside | None
) -> tuple[protocol.Generated, list[ImageTiming]]:
    """What the worker says of ``rounds`` pictures that count, and the pictures in whose place others do.

    With something to probe ``beside`` them the worker is asked for one at a time.
    """
    if beside is None:
        return worker.ask(protocol.Generate(size, 0, rounds), protocol.Generated), []
    answers: list[protocol.Generated] = []

    def picture() -> ImageTiming:
        answers.append(worker.ask(protocol.Generate(size, 0, 1), protocol.Generated))
        if answers[-1].threads == 1:
            beside.end()
        return answers[-1].images[0]

    beside.begin()
    images, replaced = drawn_in_usual_regime(
        lambda _: beside.timed(picture), rounds, beside.was_usual, beside.until_usual
    )
    generated = msgspec.structs.replace(
        answers[-1],
        images=images,
        sha256=[digest for answer in answers for digest in answer.sha256],
        usage=reduce(operator.add, [answer.usage for answer in answers]),
    )
    return generated, without_stages(replaced)
