"""Measure one case: prepare it, run its processes one after the other, gather what they say."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.case import Case
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Progress, Show, Step, expected_end_s, unseen
from pytest_sdperf.measurement import Disturbance, Environment, Measurement, ProcessRun
from pytest_sdperf.protocol import A
from pytest_sdperf.units import format_seconds
from pytest_sdperf.variant import Launch
from pytest_sdperf.workload import picture_key, size_key

Tell = Callable[[str], None]

WARM_UP_IMAGES = 2
"""Pictures dropped at each size. The first bf16 call casts and packs the weights and is seconds slower
(torch 2.8, IPEX 2.8); the second is already like the rest, and is dropped for what the first left behind."""


class AskedWorker(Protocol):
    """The part of `launcher.Worker` that sampling needs."""

    spawn_ns: int

    def ask(self, command: protocol.Command, expect: type[A]) -> A: ...

    def send(self, command: protocol.Command) -> None: ...

    def receive(self, expect: type[A]) -> A: ...

    def cpu_ns(self) -> int | None: ...

    def close(self) -> int: ...

    def kill(self) -> int: ...


class Start(Protocol):
    """Starts a worker; `launcher.Launcher` is one."""

    def __call__(
        self, settings: Launch, *, log_path: Path, timeout_s: float
    ) -> AbstractContextManager[AskedWorker]: ...


@dataclass(frozen=True)
class Rig:
    """Where and how the workers of a session run."""

    start: Start
    work_dir: Path
    "pictures and logs of this session"
    cache_dir: Path
    "kept between sessions: exported models"
    timeout_s: float
    "longest wait for one answer"
    tell: Tell
    "takes a line that people must not miss"
    trees: tuple[str, ...] = ()
    "folders of source code: each worker tells which of its modules come from them"
    show: Show = unseen
    "takes each step of the work"
    watch: Callable[[], NoiseWatch] | None = None
    "makes what watches one process that is measured alone; None: nobody does"

    def worker(self, case: Case, name: str) -> AbstractContextManager[AskedWorker]:
        """Start a worker for ``case``; its log is called after ``name``."""
        log_path = self.work_dir / case.id / f"{name}.log"
        return self.start(case.variant.launch, log_path=log_path, timeout_s=self.timeout_s)


@dataclass(frozen=True)
class Model:
    """The model of a case, ready on disk."""

    folder: Path | None
    "diffusers' layout; None where the variant brings its own"
    digest: str
    "sha256 of weights and configurations, empty where the variant brings its own"


@dataclass(frozen=True)
class Sampled:
    """A measured case, and one picture for each picture key."""

    measurement: Measurement
    pictures: dict[str, Path]
    "picture key -> .npy, as the first process drew it"
    others: dict[str, list[Path]]
    "picture key -> pictures of it that were not the same to the bit, in the first process or a later one"
    trace: Path
    "what went through the stages of the first picture, .npz"


@dataclass(frozen=True)
class Drawing:
    """Pictures that were only drawn, and what drew them."""

    pictures: dict[str, Path]
    "picture key -> .npy"
    environment: Environment
    trace: Path
    "what went through the stages of the first picture, .npz"


def sample(
    case: Case,
    model: Model,
    rig: Rig,
    *,
    processes: int,
    rounds: int,
    host: Environment,
    reference_trace: Path | None = None,
) -> Sampled:
    """Measure ``case`` in ``processes`` fresh processes with ``rounds`` timed pictures each, at every size.

    ``host`` gives machine_key, cpu_model and kernel; the rest is filled with what the workers see.
    The first process also draws the pictures that are not timed, the last one collects the evidence
    when its timed pictures are done, and then follows one picture through its stages, which are also given
    the inputs of ``reference_trace``. Raises LaunchError and WorkerError.
    """
    preparation_ns = prepare_case(case, model, rig)
    progress = Progress(case.variant.name, rig.show, time.perf_counter)
    begun_s = [progress.elapsed_s]
    runs: list[ProcessRun] = []
    first: _Run | None = None
    others: dict[str, list[Path]] = {}
    for index in range(processes):
        name, part = f"process-{index + 1}", f"process {index + 1} of {processes}"
        progress.part(part, ends_s=expected_end_s(begun_s, processes))
        with rig.worker(case, name) as worker:
            watch = rig.watch() if rig.watch else None
            run = _measure(worker, case, build_spec(case, model, rig, name), progress, watch, rounds=rounds)
            first = first or run
            for key, paths in run.others(first).items():
                others.setdefault(key, []).extend(paths)
            if index == 0:
                progress.phase("drawing what is not timed")
                for key, drawn in _draw(worker, case, first_picture=1).items():
                    run.picture_sha256[key] = [drawn.sha256]
                    run.pictures[key] = Path(drawn.path)
            if index == processes - 1:
                progress.phase("collecting evidence")
                evidence = worker.ask(protocol.Prove(), protocol.Proven).evidence
                trace = _trace(worker, case, rig, given=reference_trace)
            _end(worker, case, name, rig.tell)
        runs.append(run.finished())
        begun_s.append(progress.elapsed_s)
        latency = format_seconds(runs[-1].median_ns(size_key(case.workload.sizes[0])) / 1e9)
        progress.done(f"{part}, {latency} a picture", ends_s=expected_end_s(begun_s, processes))
    measurement = Measurement(
        case_id=case.id,
        variant=case.variant.name,
        model=case.model,
        model_digest=model.digest,
        scheduler=run.built.scheduler or case.variant.scheduler,
        # As a stored measurement reads it back: to_builtins would leave tuples, which equal no list.
        workload=msgspec.json.decode(msgspec.json.encode(case.workload)),
        processes=runs,
        evidence=evidence,
        environment=environment_of(host, run.built, threads=runs[-1].threads, cpus=runs[-1].cpus),
        preparation_ns=preparation_ns,
    )
    return Sampled(measurement, first.pictures if first else {}, others, trace)


def draw_reference(case: Case, model: Model, rig: Rig, *, host: Environment) -> Drawing:
    """Draw every picture of ``case`` once, untimed, in one process. ``host`` as for `sample`."""
    prepare_case(case, model, rig)
    rig.show(Step(case.variant.name, "drawing the reference pictures"))
    with rig.worker(case, "reference") as worker:
        built = worker.ask(protocol.Build(build_spec(case, model, rig, "reference")), protocol.Built)
        drawn = _draw(worker, case, first_picture=0)
        trace = _trace(worker, case, rig, given=None)
        _end(worker, case, "reference", rig.tell)
    threads = next(iter(drawn.values())).threads
    return Drawing(
        {key: Path(answer.path) for key, answer in drawn.items()},
        environment_of(host, built, threads=threads, cpus=[]),
        trace,
    )


def call_in_worker(start: Start, function: str, kwargs: dict[str, Any], *, log_path: Path, timeout_s: float) -> Any:
    """Call `package.module:function` in a process of its own; keywords and result are of JSON's types."""
    with start(Launch(), log_path=log_path, timeout_s=timeout_s) as worker:
        return worker.ask(protocol.Call(function, kwargs), protocol.Called).value


@dataclass
class _Run:
    """One process, as it fills."""

    spawn_ns: int
    built: protocol.Built
    generated: dict[str, protocol.Generated]
    "by size key"
    warmup_ns: dict[str, list[int]]
    picture_sha256: dict[str, list[str]]
    pictures: dict[str, Path]
    seen: Disturbance | None = None

    def others(self, first: _Run) -> dict[str, list[Path]]:
        """Timed pictures that are not those of ``first`` to the bit, by picture key."""
        found: dict[str, list[Path]] = {}
        for key, digests in self.picture_sha256.items():
            own = self.generated[key.partition("/")[0]].other_path
            paths = [Path(own)] if own else []
            if digests[0] != first.picture_sha256[key][0]:
                paths.append(self.pictures[key])
            if paths:
                found[key] = paths
        return found

    def finished(self) -> ProcessRun:
        last = list(self.generated.values())[-1]
        return ProcessRun(
            images={size: answer.images for size, answer in self.generated.items()},
            warmup_ns=self.warmup_ns,
            startup_ns={"spawn": self.spawn_ns, **self.built.startup_ns},
            peak_rss_bytes=last.peak_rss_bytes,
            library_rss_bytes=last.library_rss_bytes,
            picture_sha256=self.picture_sha256,
            threads=last.threads,
            cpus=last.cpus,
            seen=self.seen,
        )


def environment_of(host: Environment, built: protocol.Built, *, threads: int, cpus: list[int]) -> Environment:
    """``host`` filled with what a worker saw around itself."""
    return msgspec.structs.replace(
        host,
        python=built.python,
        packages=built.packages,
        variables=built.variables,
        threads=threads,
        cpus=cpus,
    )


def prepare_case(case: Case, model: Model, rig: Rig) -> dict[str, int]:
    """Run the variant's `prepare` in a process of its own, so that its memory does not count later."""
    if not case.variant.prepare:
        return {}
    rig.show(Step(case.variant.name, "preparing"))
    started_ns = time.perf_counter_ns()
    with rig.worker(case, "prepare") as worker:
        prepared = worker.ask(protocol.Prepare(build_spec(case, model, rig, "prepare")), protocol.Prepared)
        _end(worker, case, "prepare", rig.tell)
    spent = format_seconds((time.perf_counter_ns() - started_ns) / 1e9)
    rig.show(Step(case.variant.name, f"prepared in {spent}"))
    return prepared.spent_ns


def _measure(
    worker: AskedWorker,
    case: Case,
    spec: protocol.BuildSpec,
    progress: Progress,
    watch: NoiseWatch | None,
    *,
    rounds: int,
) -> _Run:
    """Build, then warm up and time each size."""
    progress.phase("building")
    run = _Run(worker.spawn_ns, worker.ask(protocol.Build(spec), protocol.Built), {}, {}, {}, {})
    if watch:
        watch.begin([worker.cpu_ns])
    for size in case.workload.sizes:
        # Told before it warms up: what draws the step for people must be done when the first picture is timed.
        progress.phase(f"timing pictures at {size_key(size)}")
        run.warmup_ns[size_key(size)] = worker.ask(protocol.WarmUp(size, WARM_UP_IMAGES), protocol.Warmed).spent_ns
        generated = worker.ask(protocol.Generate(size, 0, rounds), protocol.Generated)
        run.generated[size_key(size)] = generated
        run.picture_sha256[picture_key(size, 0)] = generated.sha256
        run.pictures[picture_key(size, 0)] = Path(generated.path)
    if watch:
        run.seen = watch.end([generated.usage for generated in run.generated.values()])
    return run


def _draw(worker: AskedWorker, case: Case, *, first_picture: int) -> dict[str, protocol.Drawn]:
    """Draw the pictures from ``first_picture`` on at every size, untimed, by picture key."""
    return {
        picture_key(size, index): worker.ask(protocol.Draw(size, index), protocol.Drawn)
        for size in case.workload.sizes
        for index in range(first_picture, len(case.workload.prompt_seeds))
    }


def _trace(worker: AskedWorker, case: Case, rig: Rig, *, given: Path | None) -> Path:
    path = rig.work_dir / case.id / "trace.npz"
    return Path(worker.ask(protocol.Trace(str(path), str(given or "")), protocol.Traced).path)


def _end(worker: AskedWorker, case: Case, name: str, tell: Tell) -> None:
    """Let the worker end. It has answered everything, so a crash on its way out is only told."""
    if code := worker.close():
        tell(f"{case.variant.name}: {name} ended with exit code {code} after its work was done; see its log")


def build_spec(case: Case, model: Model, rig: Rig, name: str) -> protocol.BuildSpec:
    """What the worker called ``name`` needs to know to build the case."""
    return protocol.BuildSpec.of(
        case,
        model_dir=str(model.folder) if model.folder else None,
        model_digest=model.digest,
        cache_dir=str(rig.cache_dir),
        picture_dir=str(rig.work_dir / case.id / name),
        trees=rig.trees,
    )
