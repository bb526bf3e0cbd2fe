"""Measure one case: prepare it, time its processes one after the other, gather what they say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.activity import Activity, Looked, joined
from pytest_sdperf.measure.chain_plan import NO_CHAINS, ChainPlan
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Progress, Step, expected_end_s
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.rig import (
    WARM_UP_IMAGES,
    AskedWorker,
    Model,
    Rig,
    Start,
    build_spec,
    end_worker,
    environment_of,
    prepare_case,
)
from pytest_sdperf.measure.standing import Processes, Standing
from pytest_sdperf.measure.time_pictures import time_pictures
from pytest_sdperf.measurement import Disturbance, Environment, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.units import format_seconds
from pytest_sdperf.variant import Case, Launch
from pytest_sdperf.workload import picture_key, size_key


@dataclass(frozen=True)
class Enough:
    """Whether a case that was measured in some processes so far needs no more of them."""

    says: Callable[[Measurement, Looked | None], bool]
    built: tuple[int, ...] = (1, 2)
    "processes that are built side by side: at first, where those are not enough, and so on; the last again and again"

    def likely(self, done: int) -> int:
        """How many of the next processes are likely to be needed."""
        for count in self.built:
            if done < count:
                return count - done
            done -= count
        return self.built[-1] - done % self.built[-1]


@dataclass(frozen=True)
class Drawing:
    """One picture for each picture key, as files, and where they were drawn."""

    pictures: dict[str, Path]
    "picture key -> .npy"
    environment: Environment
    chains: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> its chain, for others to follow; empty: none was kept"


@dataclass(frozen=True)
class Sampled:
    """A measured case."""

    measurement: Measurement
    drawing: Drawing
    "as the first process drew it"
    others: dict[str, list[Path]]
    "picture key -> .npy of pictures that were not the same to the bit, in the first process or a later one"
    chains: Chains | None = None
    "what was found along the reference's chains; None: there are none"
    looked: Looked | None = None
    "what its workers looked at, `prepare` included; None where no trees are compared"
    filtered: frozenset[str] = frozenset()
    "keys of pictures that a safety checker replaced"


def sample(
    case: Case,
    model: Model,
    rig: Rig,
    *,
    processes: int,
    rounds: int,
    host: Environment,
    chains: ChainPlan = NO_CHAINS,
    enough: Enough | None = None,
) -> Sampled:
    """Measure ``case`` in ``processes`` fresh processes with ``rounds`` timed pictures each, at every size.

    ``host`` gives machine_key, cpu_model and kernel; the rest is filled with what the workers see.
    The first process also draws the pictures that are not timed, collects the evidence when its timed pictures are
    done, and keeps or follows ``chains``.
    ``enough`` is asked after each process but the last. Raises LaunchError and WorkerError.
    """
    activities: list[Activity] = []
    preparation_ns = prepare_case(case, model, rig, inspected=activities.append if rig.trees else None)
    progress = Progress(case.variant.name, rig.show, time.perf_counter)
    begun_s = [progress.elapsed_s]
    runs: list[ProcessRun] = []
    first: _Process | None = None
    others: dict[str, list[Path]] = {}
    with Processes(case, model, rig) as built:
        for index in range(processes):
            part = f"process {index + 1} of {'at most ' if enough else ''}{processes}"
            progress.part(part, ends_s=expected_end_s(begun_s, processes))
            progress.phase("building")
            left = processes - index
            standing = built.next(min(enough.likely(index), left) if enough else left)
            worker = standing.worker
            watch = rig.watch() if rig.watch else None
            run = _measure(standing, case, progress, watch, beside=built.beside, regime=rig.regime, rounds=rounds)
            first = first or run
            for key, paths in run.others(first).items():
                others.setdefault(key, []).extend(paths)
            if index == 0:
                progress.phase("drawing what is not timed")
                for key, drawn in chains.draw(worker, case, rig, first_picture=1).items():
                    run.picture_sha256[key] = [drawn.sha256]
                    run.filtered |= {key} if drawn.is_filtered else set()
                    run.pictures[key] = Path(drawn.path)
                progress.phase("collecting evidence")
                evidence = worker.ask(protocol.Prove(), protocol.Proven).evidence
                progress.phase("following pictures")
                followed = chains.follow(worker, case)
            if rig.trees:
                activities.append(worker.ask(protocol.Inspect(), protocol.Inspected).activity)
            end_worker(worker, case, standing.name, rig.note)
            runs.append(run.finished())
            built.peak_bytes = max(built.peak_bytes, runs[-1].peak_rss_bytes)
            begun_s.append(progress.elapsed_s)
            latency = format_seconds(runs[-1].median_ns(size_key(case.workload.sizes[0])) / 1e9)
            progress.done(f"{part}, {latency} a picture", ends_s=expected_end_s(begun_s, processes))
            environment = environment_of(host, run.built, threads=runs[-1].threads, cpus=runs[-1].cpus)
            measurement = Measurement(
                case_id=case.id,
                variant=case.variant.name,
                model=case.model,
                model_digest=model.digest,
                scheduler=run.built.scheduler or case.variant.scheduler,
                # As a stored measurement reads it back: to_builtins would leave tuples, which equal no list.
                workload=msgspec.json.decode(msgspec.json.encode(case.workload)),
                processes=[*runs],
                evidence=evidence,
                environment=environment,
                preparation_ns=preparation_ns,
            )
            if enough and index < processes - 1 and _is_enough(enough, measurement, activities, rig):
                break
    pictures = first.pictures if first else {}
    drawing = Drawing(pictures, measurement.environment, chains.kept(case, rig))
    filtered = frozenset(first.filtered if first else ())
    return Sampled(measurement, drawing, others, followed, _looked(activities, rig), filtered)


def _is_enough(enough: Enough, measurement: Measurement, activities: Sequence[Activity], rig: Rig) -> bool:
    if rig.look is None or not activities:
        return enough.says(measurement, None)
    with rig.look.paused(joined(activities)) as looked:
        return enough.says(measurement, looked)


def _looked(activities: Sequence[Activity], rig: Rig) -> Looked | None:
    if not activities:
        return None
    activity = joined(activities)
    return rig.look.end(activity) if rig.look else Looked(activity)


def draw_reference(case: Case, model: Model, rig: Rig, *, host: Environment, chains: ChainPlan = NO_CHAINS) -> Drawing:
    """Draw every picture of ``case`` once, untimed, in one process. ``host`` and ``chains`` as for `sample`."""
    prepare_case(case, model, rig)
    rig.show(Step(case.variant.name, "drawing the reference pictures"))
    with rig.worker(case, "reference") as worker:
        built = worker.ask(protocol.Build(build_spec(case, model, rig, "reference")), protocol.Built)
        drawn = chains.draw(worker, case, rig, first_picture=0)
        end_worker(worker, case, "reference", rig.note)
    threads = next(iter(drawn.values())).threads
    return Drawing(
        {key: Path(answer.path) for key, answer in drawn.items()},
        environment_of(host, built, threads=threads, cpus=[]),
        chains.kept(case, rig),
    )


def call_in_worker(start: Start, function: str, kwargs: dict[str, Any], *, log_path: Path, timeout_s: float) -> Any:
    """Call `package.module:function` in a process of its own; keywords and result are of JSON's types."""
    with start(Launch(), log_path=log_path, timeout_s=timeout_s) as worker:
        return worker.ask(protocol.Call(function, kwargs), protocol.Called).value


@dataclass
class _Process:
    """One process, as it fills."""

    spawn_ns: int
    built: protocol.Built
    generated: dict[str, protocol.Generated]
    "by size key"
    warmup_ns: dict[str, list[int]]
    picture_sha256: dict[str, list[str]]
    pictures: dict[str, Path]
    replaced: dict[str, list[ImageTiming]] = field(default_factory=dict)
    "by size key: drawn again later"
    seen: Disturbance | None = None
    filtered: set[str] = field(default_factory=set)
    "keys of pictures that a safety checker replaced"

    def others(self, first: _Process) -> dict[str, list[Path]]:
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
            replaced=self.replaced,
        )


def _measure(
    standing: Standing,
    case: Case,
    progress: Progress,
    watch: NoiseWatch | None,
    *,
    beside: Sequence[AskedWorker],
    regime: RegimeWatch | None,
    rounds: int,
) -> _Process:
    """Warm up and time each size, when those ``beside`` it, which were built with it, have come to rest."""
    worker = standing.worker
    run = _Process(worker.spawn_ns, standing.built, {}, {}, {}, {})
    with regime.beside([worker]) if regime else nullcontext() as probes:
        if watch:
            if probes:
                watch.helper_ns = probes.cpu_ns
            watch.begin([worker])
            for other in beside:
                watch.wait_until_quiet(other.cpu_ns)
        for size in case.workload.sizes:
            # Shown before it warms up: what draws the step for people must be done when the first picture is timed.
            progress.phase(f"timing pictures at {size_key(size)}")
            run.warmup_ns[size_key(size)] = worker.ask(protocol.WarmUp(size, WARM_UP_IMAGES), protocol.Warmed).spent_ns
            generated, replaced = time_pictures(worker, size, rounds, probes)
            run.generated[size_key(size)] = generated
            run.picture_sha256[picture_key(size, 0)] = generated.sha256
            run.pictures[picture_key(size, 0)] = Path(generated.path)
            run.filtered |= {picture_key(size, 0)} if generated.is_filtered else set()
            if replaced:
                run.replaced[size_key(size)] = replaced
        if watch:
            run.seen = watch.end([generated.usage for generated in run.generated.values()])
    return run
