"""What the cases of one run share: the machine, the models, the host's lock, and what was measured so far."""

from __future__ import annotations

import os
import platform
import site
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_sdperf import __version__
from pytest_sdperf.base.set_up import Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.baselines.file_format import time_text
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.case import Case
from pytest_sdperf.errors import CaseError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.cpu import native_isa, native_precision
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.hardware.libraries import find_library
from pytest_sdperf.hardware.machine import Machine, machine_key
from pytest_sdperf.hardware.resources import pinned_cpus
from pytest_sdperf.launch.host_lock import host_lock
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.compare_stages import compare_stages
from pytest_sdperf.measure.comparer import Comparer
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Show, Step, unseen
from pytest_sdperf.measure.sampling import Model, Rig, call_in_worker, draw_reference, sample
from pytest_sdperf.measurement import Environment, Measurement
from pytest_sdperf.models import cache
from pytest_sdperf.models.configurations import native_size
from pytest_sdperf.models.prepare import Prepared, prepare
from pytest_sdperf.models.source import parse_model
from pytest_sdperf.options import DEFAULT_ROUNDS, Options
from pytest_sdperf.policy.base_rules import BaseRules
from pytest_sdperf.report.fp32_speedup import fp32_latencies
from pytest_sdperf.report.model import Outcome, Report
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import Registry
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import plural
from pytest_sdperf.worker.trace import load
from pytest_sdperf.workload import Workload, workload_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NO_MODEL = Model(None, "")


@dataclass(frozen=True)
class Measured:
    """A case, measured and not yet judged."""

    case: Case
    measurement: Measurement
    picture_files: Mapping[str, Path]
    "picture key -> .npy"
    other_files: Mapping[str, Sequence[Path]]
    "picture key -> .npy of pictures that were not the same to the bit"
    trace: Path
    "what went through the stages of its first picture, .npz"
    session: Session

    @cached_property
    def pictures(self) -> dict[str, NDArray[np.floating]]:
        """Picture key -> float32 (height, width, 3) in 0..1, as the pipeline gave it."""
        return load_pictures(self.picture_files)

    @cached_property
    def others(self) -> dict[str, list[NDArray[np.floating]]]:
        """Picture key -> pictures of it that were not the same to the bit; empty where it repeats."""
        return {key: [_read(path) for path in paths] for key, paths in self.other_files.items()}


@dataclass(frozen=True)
class Drawn:
    """Reference pictures, and what drew them."""

    pictures: Mapping[str, NDArray[np.floating]]
    environment: Environment
    trace: Path
    "what went through the stages of the first, .npz"


class Session:
    """One run of sdperf on this host. ``tell`` takes lines that must not be missed, ``show`` each step of long work."""

    def __init__(
        self,
        *,
        registry: Registry,
        rootdir: Path,
        work_dir: Path,
        tell: Callable[[str], None],
        show: Show = unseen,
        target: Target | None = None,
        invocation: Invocation | None = None,
        rules: BaseRules | None = None,
    ) -> None:
        self.registry = registry
        self.rootdir = rootdir
        self.work_dir = work_dir
        self.invocation = invocation or Invocation(Path.cwd())
        self.rules = rules
        "of the revision whose baselines count; None: those that are checked out"
        self.comparer = None if target is None else Comparer(self, target)
        "measures side by side with the other arm; None where there is none"
        self.begun_at = time_text(datetime.now(timezone.utc))
        self.images: dict[str, bytes] = {}
        "what the outcomes' pictures name"
        self.recorded: set[str] = set()
        "ids of the cases that this run has written into their baselines"
        self.tell, self.show = tell, show
        self.open = ExitStack()
        "what ends with the session"
        self._models: dict[str, Prepared] = {}
        self._measured: dict[tuple[str, str, Workload, str], Measured] = {}
        self._drawn: dict[tuple[str, str, Workload, str], Drawn] = {}
        self.open.enter_context(host_lock(tell))

    def close(self) -> None:
        """Let the next session on this host begin."""
        self.open.close()

    @cached_property
    def machine(self) -> Machine:
        return detect()

    @cached_property
    def machine_key(self) -> str:
        return machine_key(self.machine)

    def case(self, variant: str, options: Options, keywords: Mapping[str, Any]) -> Case:
        """The case that a test's keywords ask for, its variant resolved for this machine.

        Raises CaseError for keywords that make no workload.
        """
        here = self.here(variant)
        named = "sizes" in keywords or "height" in keywords or "width" in keywords
        native = native_size(self.model(options).path) if here.needs_model and not named else None
        workload = workload_of(keywords, native_size=native)
        return Case(here, workload, _model_name(here, options))

    def model(self, options: Options) -> Prepared:
        """The model the options name, ready on disk; built, checked or downloaded once a session."""
        if options.model not in self._models:
            source = parse_model(options.model, self.rootdir)

            def run(function: str, kwargs: Mapping[str, Any]) -> Any:
                self.show(Step(f"model {options.model}", function.rpartition(":")[2]))
                launcher = replace(self.launcher, network=source.kind == "hub")
                log_path = self.work_dir / "model.log"
                return call_in_worker(launcher, function, dict(kwargs), log_path=log_path, timeout_s=options.timeout)

            self._models[options.model] = prepare(source, run, cache.cache_dir())
        return self._models[options.model]

    def measure(self, case: Case, options: Options, *, compared: bool = True) -> Measured:
        """Measure a case now. One that is ``compared`` has its reference drawn before, unless this run has seen it."""
        reference = self._trace_of_reference(case, options) if compared else None
        rounds = options.rounds or DEFAULT_ROUNDS
        processes = 1 if compared and self._pairs_will_tell(case, options) else options.processes
        told = f"measuring {case.id}, {plural(processes, 'process', 'es')} x {plural(rounds, 'picture')}"
        self.show(Step(case.variant.name, told))
        rig = self.rig(options)
        model = self.model_of(case.variant, options)
        sampled = sample(
            case,
            model,
            rig,
            processes=processes,
            rounds=rounds,
            host=self.host_environment(),
            reference_trace=reference,
        )
        measurement = sampled.measurement
        if reference:
            stage_parity = compare_stages(
                load(reference), load(sampled.trace), reference_name=case.variant.reference or ""
            )
            measurement = msgspec.structs.replace(measurement, stage_parity=stage_parity)
        measured = Measured(case, measurement, sampled.pictures, sampled.others, sampled.trace, self)
        self._measured[_key(case)] = measured
        return measured

    def sibling(self, name: str, like: Case, options: Options) -> Measured:
        """Another variant on the same workload: measured in this run, or now."""
        case = self._other(name, like, options, scheduler=None)
        return self._measured.get(_key(case)) or self.measure(case, options, compared=False)

    def seen_reference(self, case: Case, options: Options) -> Drawn | None:
        """What the case's reference variant drew with the same scheduler in this run; None where it did not."""
        other = self._reference_of(case, options)
        measured = self._measured.get(_key(other))
        if measured is not None:
            return Drawn(measured.pictures, measured.measurement.environment, measured.trace)
        return self._drawn.get(_key(other))

    def draw_reference(self, case: Case, options: Options) -> Drawn:
        """Let the case's reference variant draw the workload with the case's scheduler, untimed."""
        other = self._reference_of(case, options)
        model = self.model_of(other.variant, options)
        drawing = draw_reference(other, model, self.rig(options), host=self.host_environment())
        drawn = Drawn(load_pictures(drawing.pictures), drawing.environment, drawing.trace)
        self._drawn[_key(other)] = drawn
        return drawn

    def _pairs_will_tell(self, case: Case, options: Options) -> bool:
        """Whether the case is sure to be measured side by side: one process then serves picture and proof."""
        if self.comparer is None or options.update or "latency" not in options.gate:
            return False
        if options.thresholds.min_speedup:  # a sibling is no arm: each is measured by itself
            return False
        return not BaselineStore(self.baselines(options), self.machine_key).path(case.id).exists()

    def _trace_of_reference(self, case: Case, options: Options) -> Path | None:
        """None where nothing is to be compared, or the reference cannot run here."""
        name = case.variant.reference
        if name is None or name == case.variant.name or "picture" not in options.gate:
            return None
        seen = self.seen_reference(case, options)
        if seen is None and any(check(need) for need in self.registry[name].requirements):
            return None
        return (seen or self.draw_reference(case, options)).trace

    def model_digest(self, variant: str, options: Options) -> str:
        """The digest of the weights that a variant draws with; empty where it brings its own."""
        return self.model_of(self.registry[variant], options).digest

    def baselines(self, options: Options) -> Path:
        """The folder of stored baselines and references."""
        here = (self.rootdir / options.baselines).resolve()
        return here if self.rules is None else self.rules.baselines(here)

    def report(self, outcomes: Sequence[Outcome], options: Options, notes: Sequence[str] = ()) -> Report:
        """Everything of this run, for the renderings; ``notes`` come before the session's own."""
        store = BaselineStore(self.baselines(options), self.machine_key)
        used = {o.measurement.case_id for o in outcomes}
        own = [
            f"{len(paths)} {what}: {', '.join(map(self.shown, paths))}"
            for what, paths in (
                ("stored here but not used by this run, and left as they are", store.unused(used)),
                (
                    f"in the baselines folder but not of this machine ({self.machine_key}), and left alone",
                    store.foreign(),
                ),
            )
            if paths
        ]
        own += [
            f"{o.measurement.variant} is significantly faster than its recorded runs, which let later slowdowns "
            "pass: accept it with --sdperf-update=all"
            for o in outcomes
            if _outruns_baseline(o)
        ]
        # What was judged comes first: side by side it has other processes than the first measurement.
        measured = [o.measurement for o in outcomes] + [m.measurement for m in self._measured.values()]
        return Report(
            list(outcomes),
            [*notes, *own],
            fp32_latencies(measured),
            images=self.images,
            begun_at=self.begun_at,
            plugin_version=__version__,
        )

    def shown(self, path: Path) -> str:
        """A file as people would type it: relative to the rootdir where it lies below; of a revision, as git does."""
        if self.rules is not None and (of_revision := self.rules.shown(path)):
            return of_revision
        return str(path.relative_to(self.rootdir)) if path.is_relative_to(self.rootdir) else str(path)

    def _reference_of(self, case: Case, options: Options) -> Case:
        if case.variant.reference is None:
            raise CaseError(
                f"variant {case.variant.name!r} names no reference", cure="Hold it against its own picture."
            )
        return self._other(case.variant.reference, case, options, scheduler=case.variant.scheduler)

    def here(self, name: str) -> Variant:
        """A variant, resolved for this machine."""
        return self.resolved(self.registry[name])

    def resolved(self, variant: Variant) -> Variant:
        """A variant with its `auto` settled as this machine's best."""
        return variant.on(precision=native_precision(self.machine), isa=native_isa(self.machine))

    def _other(self, name: str, like: Case, options: Options, *, scheduler: str | None) -> Case:
        here = self.here(name)
        variant = replace(here, scheduler=scheduler) if scheduler else here
        return replace(like, variant=variant, model=_model_name(here, options))

    def model_of(self, variant: Variant, options: Options) -> Model:
        """The model that a variant draws with."""
        if not variant.needs_model:
            return _NO_MODEL
        prepared = self.model(options)
        return Model(prepared.path, prepared.digest)

    def rig(self, options: Options) -> Rig:
        """Where and how the workers of one case run."""
        folder = self.work_dir / f"case-{len(list(self.work_dir.iterdir())) + 1}"
        folder.mkdir(parents=True)
        trees = () if self.comparer is None else self.comparer.trees
        return Rig(
            self.launcher, folder, cache.cache_dir(), options.timeout, self.tell, trees, self.show, watch=NoiseWatch
        )

    @cached_property
    def launcher(self) -> Launcher:
        """Starts the workers of this session."""
        return Launcher(
            base_env=dict(os.environ),
            cpus=pinned_cpus(),
            find_library=find_library,
            extra_sys_path=project_path(self.rootdir, sys.path),
        )

    def host_environment(self) -> Environment:
        """What this machine is, before a worker has looked around itself."""
        return Environment(machine_key=self.machine_key, cpu_model=self.machine.cpu_model, kernel=platform.release())


def _model_name(variant: Variant, options: Options) -> str:
    """The model as a case names it; a variant that brings its own weights says nothing of --sdperf-model."""
    return options.model if variant.needs_model else "own"


def _key(case: Case) -> tuple[str, str, Workload, str]:
    return case.variant.name, case.variant.scheduler, case.workload, case.model


def load_pictures(files: Mapping[str, Path]) -> dict[str, NDArray[np.floating]]:
    """Picture key -> picture, from picture key -> .npy."""
    return {key: _read(path) for key, path in files.items()}


def _read(path: Path) -> NDArray[np.floating]:
    import numpy as np

    picture: NDArray[np.floating] = np.load(path, allow_pickle=False)
    return picture


def project_path(rootdir: Path, path: Sequence[str]) -> tuple[str, ...]:
    """Folders of the user's project that a worker must import factories from: sys.path less the interpreter's own."""
    own = {str(Path(p).resolve()) for p in (*sysconfig.get_paths().values(), *site.getsitepackages())}
    own |= {str(Path(p) / "lib-dynload") for p in own}  # the standard library's compiled part
    folders = [str(Path(p or ".").resolve()) for p in path]
    return tuple(dict.fromkeys([*(f for f in folders if Path(f).is_dir() and f not in own), str(rootdir)]))


def _outruns_baseline(outcome: Outcome) -> bool:
    """Whether it was measured side by side, and the recorded runs alone show that it is faster than all of them."""
    latency = outcome.verdict.latency if outcome.verdict else None
    recorded = latency.recorded if isinstance(latency, PairedLatencyFinding) else None
    return recorded is not None and recorded.status is Status.FASTER
