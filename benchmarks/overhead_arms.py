"""The two arms of `overhead.py`, alternating in one worker: a picture timed by the package, and a bare call."""

from __future__ import annotations

import dataclasses
import gc
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.protocol import Build, BuildSpec, Built, Generate, Generated, WarmUp
from pytest_sdperf.worker.pipeline_call import arguments, as_picture, draw_latents
from pytest_sdperf.worker.stages import StageTimer, find_stages
from pytest_sdperf.worker.workbench import Workbench, digest, import_function

_FACTORY = "overhead:factory"
"""Key among the variant's parameters under which its real factory is handed on."""


@dataclasses.dataclass
class _Kept:
    """The pipeline that the workbench times, and how to take its stopwatches off."""

    pipeline: Any
    unwrapped: list[tuple[Any, str, Any]]
    "(owner, method, what the instance itself had under that name; None: the class's own method)"

    @contextmanager
    def bare(self) -> Iterator[None]:
        """The pipeline as the factory made it, for a while."""
        wrapped = [vars(owner)[method] for owner, method, _ in self.unwrapped]
        for owner, method, own in self.unwrapped:
            if own is None:
                delattr(owner, method)
            else:
                setattr(owner, method, own)
        try:
            yield
        finally:
            for (owner, method, _), timed in zip(self.unwrapped, wrapped, strict=True):
                setattr(owner, method, timed)


_kept: list[_Kept] = []


def build_and_keep(context: BuildContext) -> Any:
    """The variant's own pipeline, remembered before the workbench wraps its stages."""
    params = dict(context.params)
    factory = import_function(str(params.pop(_FACTORY)), role="the variant's factory")
    pipeline = factory(dataclasses.replace(context, params=params))
    stages = find_stages(pipeline).values()
    _kept.append(_Kept(pipeline, [(owner, method, vars(owner).get(method)) for owner, method in stages]))
    return pipeline


def alternate(spec: dict[str, Any], orders: list[str], warm_ups: int) -> dict[str, Any]:
    """Time a pair of pictures for each of ``orders``: A by the package, B by two looks at the clock.

    ``spec`` is a `BuildSpec` of one size and prompt. Returns ns of each arm by pair, the pictures'
    digests, and the number of stage calls that were timed for a picture.
    """
    asked = msgspec.convert(spec, BuildSpec)
    asked = msgspec.structs.replace(
        asked, factory=f"{__name__}:build_and_keep", params={**asked.params, _FACTORY: asked.factory}
    )
    workbench = Workbench()
    built = workbench.carry_out(Build(asked))
    assert isinstance(built, Built)
    (kept,) = _kept
    size = asked.sizes[0]
    workbench.carry_out(WarmUp(size, warm_ups))
    times_ns: dict[str, list[int]] = {"A": [], "B": []}
    digests = set()
    for order in orders:
        for arm in order:
            if arm == "A":
                drawn = workbench.carry_out(Generate(size, 0, 1))
                assert isinstance(drawn, Generated)
                times_ns["A"].append(drawn.images[0].total_ns)
                stage_calls = {name: len(calls) for name, calls in drawn.images[0].stages_ns.items()}
                digests.update(drawn.sha256)
            else:
                with kept.bare():
                    total_ns, answer = _bare_call(kept.pipeline, asked)
                times_ns["B"].append(total_ns)
                digests.add(digest(as_picture(answer)))
    return {
        "package_ns": times_ns["A"],
        "bare_ns": times_ns["B"],
        "stage_calls": stage_calls,
        "different_pictures": len(digests),
        "stopwatch_ns_per_call": stopwatch_ns(),
        "versions": built.packages,
    }


def stopwatch_ns(calls: int = 20000) -> float:
    """What timing one call of a stage costs by itself, ns: the median of 5 runs over a method that does nothing."""

    class Idle:
        def call(self) -> None:
            """Do nothing."""

    def run_ns(idle: Idle) -> int:
        start_ns = time.perf_counter_ns()
        for _ in range(calls):
            idle.call()
        return time.perf_counter_ns() - start_ns

    idle, costs = Idle(), []
    for _ in range(5):
        alone_ns = run_ns(idle)
        with StageTimer({"idle": (idle, "call")}):
            costs.append((run_ns(idle) - alone_ns) / calls)
    return statistics.median(costs)


def _bare_call(pipeline: Any, spec: BuildSpec) -> tuple[int, Any]:
    """As people time a pipeline by hand: garbage is collected before, as the package does for its own."""
    height, width = spec.sizes[0]
    keywords = arguments(
        pipeline,
        prompt=spec.motifs[0].prompt,
        steps=spec.num_inference_steps,
        guidance=spec.guidance_scale,
        height=height,
        width=width,
        latents=draw_latents(spec.motifs[0].seed, height, width),
    )
    gc.collect()
    start_ns = time.perf_counter_ns()
    answer = pipeline(**keywords)
    return time.perf_counter_ns() - start_ns, answer
