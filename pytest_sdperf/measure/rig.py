"""Where and how the workers of one case run, and the steps that every use of a worker has."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from pytest_sdperf import protocol
from pytest_sdperf.activity import Activity
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import LaunchError
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.measure.early import EarlyWorkers
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Show, Step, unseen
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measurement import Environment
from pytest_sdperf.protocol import A
from pytest_sdperf.texts import text_fault
from pytest_sdperf.units import format_seconds
from pytest_sdperf.variant import Case, Launch

Note = Callable[[str], None]
"""Takes a line that people must not miss."""

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

    def waits(self) -> Waits | None: ...

    def cpus(self) -> frozenset[int]: ...

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
    note: Note
    trees: tuple[str, ...] = ()
    "folders of source code: each worker reports which of its modules come from them"
    show: Show = unseen
    "takes each step of the work"
    cores: int = 1
    "processes that may be built at once"
    early: EarlyWorkers = field(default_factory=EarlyWorkers)
    "import for the next cases on cores that are left while this one is built"
    watch: Callable[[], NoiseWatch] | None = None
    "makes what watches one process that is measured by itself; None: nothing does"
    regime: RegimeWatch | None = None
    "watches the regime of the machine beside the timed pictures; None: nothing does"
    look: FileWatch | None = None
    "sees what the processes that measure a case by itself open, which record that themselves, too; None: nothing does"

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


def build_spec(case: Case, model: Model, rig: Rig, name: str, *, watched: Sequence[str] = ()) -> BuildSpec:
    """The spec that the worker called ``name`` needs to build the case.

    It records what it opens in ``watched``, or else in the folders that the rig looks at. Raises LaunchError for a
    folder whose name is not of the locale's encoding: no message can hold it.
    """
    folders = (model.folder or "", rig.cache_dir, rig.work_dir, *rig.trees, *case.variant.import_path)
    for folder in map(str, folders):
        if text_fault(folder):
            raise LaunchError(
                f"the name of the folder {folder!r} cannot be read in the locale's encoding "
                f"({sys.getfilesystemencoding()})",
                where=f"variant {case.variant.name}",
                cure=protocol.OTHER_LOCALE,
            )
    return BuildSpec.of(
        case,
        model_dir=str(model.folder) if model.folder else None,
        model_digest=model.digest,
        cache_dir=str(rig.cache_dir),
        picture_dir=str(rig.work_dir / case.id / name),
        trees=rig.trees,
        watched=tuple(watched or (rig.look.roots if rig.look else ())),
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


def prepare_case(
    case: Case, model: Model, rig: Rig, *, inspected: Callable[[Activity], object] | None = None
) -> dict[str, int]:
    """Run the variant's `prepare` in a process of its own, so that its memory does not count later.

    ``inspected`` takes what that process did.
    """
    if not case.variant.prepare:
        return {}
    rig.show(Step(case.variant.name, "preparing"))
    started_ns = time.perf_counter_ns()
    with rig.worker(case, "prepare") as worker:
        prepared = worker.ask(protocol.Prepare(build_spec(case, model, rig, "prepare")), protocol.Prepared)
        if inspected:
            inspected(worker.ask(protocol.Inspect(), protocol.Inspected).activity)
        end_worker(worker, case, "prepare", rig.note)
    spent = format_seconds((time.perf_counter_ns() - started_ns) / 1e9)
    rig.show(Step(case.variant.name, f"prepared in {spent}"))
    return prepared.spent_ns


def end_worker(worker: AskedWorker, case: Case, name: str, note: Note) -> None:
    """Let the worker end. It has answered everything, so a crash on its way out is only noted."""
    if code := worker.close():
        note(f"{case.variant.name}: {name} ended with exit code {code} after its work was done; see its log")
