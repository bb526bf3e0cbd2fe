"""Carry out commands in the worker: build the pipeline, warm it up, time it, draw, prove."""

from __future__ import annotations

import gc
import operator
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.activity import UNRECORDED, Activity
from pytest_sdperf.build_spec import BuildSpec, Size
from pytest_sdperf.errors import CaseError, WorkerError
from pytest_sdperf.measurement import ImageTiming, Usage
from pytest_sdperf.models.configurations import family_of_folder
from pytest_sdperf.models.families import FAMILIES
from pytest_sdperf.worker import environment as surroundings
from pytest_sdperf.worker.built_pipeline import BuiltPipeline
from pytest_sdperf.worker.collector import collector_off
from pytest_sdperf.worker.evidence import collect_evidence, library_threads
from pytest_sdperf.worker.factory import context_of, import_function, put_first
from pytest_sdperf.worker.new_latents import look_at_new_latents
from pytest_sdperf.worker.pipeline_call import (
    as_picture,
    check_prompt_length,
)
from pytest_sdperf.worker.recorder import Recorder
from pytest_sdperf.worker.scheduler_noise import draw_in_float32
from pytest_sdperf.worker.stages import StageTimer, find_stages
from pytest_sdperf.worker.timed_pictures import TimedPictures, digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


class Workbench:
    """The state that a worker holds between commands: one pipeline."""

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns, *, recorder: Recorder | None = None) -> None:
        self._clock_ns = clock_ns
        self._recorder = recorder
        self._watched: tuple[str, ...] = ()
        self._built: BuiltPipeline | None = None
        self._imported_ns = 0
        # Asked before any library is there: libiomp5 binds the main thread to one CPU (KMP_AFFINITY),
        # importing torch sets variables of its own.
        self._cpus = surroundings.usable_cpus()
        self._variables = surroundings.steering_variables(os.environ)

    def carry_out(self, command: protocol.AnyCommand) -> protocol.Answer:
        """Do what ``command`` says. Raises whatever the variant's code raises."""
        answer: protocol.Answer
        match command:
            case protocol.Call(function, kwargs):
                answer = protocol.Called(import_function(function, role="function")(**kwargs))
            case protocol.Prepare(spec):
                answer = self._prepare(spec)
            case protocol.Preload() | protocol.Build():
                with collector_off():
                    answer = (
                        self._build(command.spec) if isinstance(command, protocol.Build) else self._preload(command)
                    )
            case protocol.WarmUp(size, images):
                answer = self._warm_up(size, images)
            case protocol.Generate(size, picture_index, rounds):
                answer = self._generate(size, picture_index, rounds)
            case protocol.Draw(size, picture_index, chain_path):
                answer = self._draw(size, picture_index, Path(chain_path) if chain_path else None)
            case protocol.Prove():
                answer = self._prove()
            case protocol.Follow(size, picture_index, chain_path):
                answer = self._follow(size, picture_index, Path(chain_path))
            case protocol.Inspect():
                answer = protocol.Inspected(self._activity())
            case _:
                raise WorkerError(f"a worker cannot be asked for {command}", cure="Exit ends the process itself.")
        return answer

    @property
    def _bench(self) -> BuiltPipeline:
        if self._built is None:
            raise WorkerError("there is no pipeline yet", cure="Send Build first.")
        return self._built

    def _record(self, watched: tuple[str, ...], import_path: Sequence[str] = ()) -> None:
        """Record from now on what is opened in the ``watched`` folders, where there are any."""
        if watched and self._recorder:
            self._watched = watched
            self._recorder.start(import_path)

    def _activity(self) -> Activity:
        if self._recorder is None:
            return Activity(surroundings.loaded_files(dict(sys.modules)), hazards=[UNRECORDED])
        return self._recorder.activity(self._watched, dict(sys.modules))

    def _prepare(self, spec: BuildSpec) -> protocol.Prepared:
        context = context_of(spec)
        put_first(spec.import_path)
        self._record(spec.watched, spec.import_path)
        role = f"prepare of variant {spec.variant!r}"
        import_function(spec.prepare, role=role, folders=spec.import_path)(context)
        return protocol.Prepared(context.startup_ns)

    def _warm_up(self, size: Size, images: int) -> protocol.Warmed:
        spent_ns = [self._bench.draw_timed(size, 0)[0].total_ns for _ in range(images)]
        # Told now and not when it was built: much is imported by the first picture only.
        modules = _modules(self._bench.spec)
        # Garbage of building and warming up is collected now. The collector stays on, as in a
        # service: it is part of what a picture costs, and starts alike in every process.
        gc.collect()
        return protocol.Warmed(spent_ns, modules)

    def _preload(self, command: protocol.Preload) -> protocol.Preloaded:
        """Import libraries; the time that this takes counts as the build's."""
        self._record(command.watched)
        start_ns = self._clock_ns()
        import_function(command.function, role="function")(family_of_folder(Path(command.model_dir)))
        self._imported_ns = self._clock_ns() - start_ns
        return protocol.Preloaded(self._activity())

    def _build(self, spec: BuildSpec) -> protocol.Built:
        context = context_of(spec)
        role = f"factory of variant {spec.variant!r}"
        put_first(spec.import_path)
        self._record(spec.watched, spec.import_path)  # after it: our own looks into folders are none of the pipeline's
        start_ns = self._clock_ns() - self._imported_ns
        context.startup_ns["import"] = self._imported_ns
        with context.phase("import"):
            factory = import_function(spec.factory, role=role, folders=spec.import_path)
        pipeline = factory(context)
        if not callable(pipeline):
            raise CaseError(
                f"{role} returned {pipeline!r}, which cannot be called",
                where=spec.factory,
                cure="Return an object that is called like a diffusers pipeline.",
            )
        family = family_of_folder(context.model_dir) if context.model_dir else FAMILIES[0]
        draw_in_float32(pipeline)
        check_prompt_length(pipeline, [prompt_seed.prompt for prompt_seed in spec.prompt_seeds], family)
        # Time that the factory spent outside the phases it names.
        unnamed_ns = self._clock_ns() - start_ns - sum(context.startup_ns.values())
        # The stages stay wrapped as long as the process lives: under 2 us a call.
        self._built = BuiltPipeline(
            spec, pipeline, family, self._clock_ns, StageTimer(find_stages(pipeline), self._clock_ns)
        )
        scheduler = getattr(pipeline, "scheduler", None)
        return protocol.Built(
            startup_ns={**context.startup_ns, "build": max(unnamed_ns, 0)},
            scheduler="" if scheduler is None else type(scheduler).__name__,
            python=surroundings.python_version(),
            packages={**surroundings.package_versions(), **surroundings.loaded_versions([*sys.modules])},
            variables=self._variables,
        )

    def _generate(self, size: Size, picture_index: int, rounds: int) -> protocol.Generated:
        bench = self._bench
        keep = partial(bench.keep, size=size, picture_index=picture_index)
        timed = bench.timed.setdefault((size, picture_index), TimedPictures(keep))
        usage = Usage()
        for _ in range(rounds):
            before = surroundings.usage_so_far()
            timing, array = bench.draw_timed(size, picture_index)
            usage += Usage(*map(operator.sub, surroundings.usage_so_far(), before))
            timed.add(timing, as_picture(array))
        peak_rss_bytes, library_rss_bytes = surroundings.peak_rss_bytes(), surroundings.library_rss_bytes()
        bench.stage_calls = timed.images[-1].calls
        return protocol.Generated(
            images=timed.images[-rounds:],
            sha256=timed.digests[-rounds:],
            path=timed.path,
            other_path=timed.other_path,
            peak_rss_bytes=peak_rss_bytes,
            library_rss_bytes=library_rss_bytes,
            threads=library_threads(bench.pipeline),
            cpus=self._cpus,
            usage=usage,
            is_filtered=(size, picture_index) in bench.filtered,
        )

    def _draw(self, size: Size, picture_index: int, chain: Path | None) -> protocol.Drawn:
        bench = self._bench
        picture = bench.draw(size, picture_index, chain)
        path = bench.keep(picture, size=size, picture_index=picture_index)
        is_filtered = (size, picture_index) in bench.filtered
        return protocol.Drawn(digest(picture), str(path), library_threads(bench.pipeline), is_filtered)

    def _prove(self) -> protocol.Proven:
        bench = self._bench
        size = bench.spec.sizes[0]
        evidence = collect_evidence(bench.pipeline, lambda: bench.draw(size, 0), bench.stage_calls)
        if timed := bench.timed.get((size, 0)):

            def draw(seed: int | None) -> tuple[ImageTiming, str]:
                timing, array = bench.draw_timed(size, 0, seed)
                return timing, digest(as_picture(array))

            new_latents = look_at_new_latents(draw, timed.images, timed.digests[-1])
            evidence = msgspec.structs.replace(evidence, new_latents=new_latents)
        return protocol.Proven(evidence)

    def _follow(self, size: Size, picture_index: int, chain: Path) -> protocol.Followed:
        try:
            return protocol.Followed(self._bench.follow(size, picture_index, chain))
        except Exception as error:  # noqa: BLE001 -- it draws by itself: only in between it takes no such values
            first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
            return protocol.Followed(not_followed=f"it does not draw with the values of another one ({first_line})")


def _modules(spec: BuildSpec) -> dict[str, str]:
    """Where the factory and everything from the spec's trees was loaded from."""
    name = spec.factory.partition(":")[0]
    file = getattr(sys.modules[name], "__file__", None) or ""
    return {name: str(Path(file).resolve()) if file else "", **surroundings.loaded_from(spec.trees, dict(sys.modules))}
