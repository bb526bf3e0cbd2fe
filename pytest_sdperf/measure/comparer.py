"""Compare a measured case with the other arm: set that up once a session, run the pairs, prove whose code ran."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.base.declaration import same_declaration
from pytest_sdperf.base.provenance import wrong_code
from pytest_sdperf.base.set_up import BaseSide, set_up_base
from pytest_sdperf.base.target import Target
from pytest_sdperf.case import Case
from pytest_sdperf.comparison import BASE, HEAD, Comparison, Side
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.hardware.resources import available_memory_bytes
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.paired import ArmRig, PairSampler, blamed_on_base
from pytest_sdperf.measure.pairing import Limits, Paired, measure_pairs
from pytest_sdperf.measure.progress import Progress, Step
from pytest_sdperf.measure.sampling import Model, environment_of, prepare_case
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.folder import check_folder
from pytest_sdperf.models.source import parse_model
from pytest_sdperf.options import Options
from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.stats.screen import passes_screen
from pytest_sdperf.units import format_bytes

if TYPE_CHECKING:
    from pytest_sdperf.measure.session import Measured, Session

_ROOM = 1.2
"""Memory that two arms need, of twice the head's own peak: the base may have been larger."""


@dataclass(frozen=True)
class Beside:
    """A case beside the other arm."""

    comparison: Comparison | None = None
    "None: not asked for, or not needed"
    control: Comparison | None = None
    "the case beside itself; None: not asked for"
    base_pictures: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> .npy as the base arm draws it"


@dataclass
class Comparer:
    """Measures cases of one session side by side with its target."""

    session: Session
    target: Target
    _models: dict[Path, Model] = field(default_factory=dict)
    "of the base's tree, by folder"

    @property
    def trees(self) -> tuple[str, ...]:
        """Folders whose modules the workers of both arms tell."""
        base = self._base
        trees = None if isinstance(base, ComparisonError) else base.trees
        return () if trees is None else tuple(dict.fromkeys((str(trees.head), str(trees.base))))

    def compare(self, measured: Measured, options: Options) -> Beside:
        """Measure the case side by side. What keeps the base arm from running is told in the comparison."""
        base = self._base
        if isinstance(base, ComparisonError):
            return Beside(self._nothing(str(base)))
        case = self._case_of_base(base, measured.case)
        if case is None:
            name = measured.case.variant.name
            return Beside(self._nothing("", missing=f"{self.target.label} declares no variant {name!r}"))
        beside = self._compared(base, case, measured, options)
        compared = beside.comparison
        if not (self.target.control and compared and compared.kept and not compared.invalid):
            return beside
        head = BaseSide(Target(None, None, None, control=False), self.session.launcher, None, None, None)
        return replace(beside, control=self._compared(head, measured.case, measured, options).comparison)

    @cached_property
    def _base(self) -> BaseSide | ComparisonError:
        """The arm, or why there is none: tried once."""
        session = self.session
        try:
            return set_up_base(
                self.target,
                session.launcher,
                session.invocation,
                rootdir=session.rootdir,
                work_dir=session.work_dir / "arms",
                stack=session.open,
            )
        except ComparisonError as error:
            return error

    def _compared(self, base: BaseSide, case: Case, measured: Measured, options: Options) -> Beside:
        session, head_case = self.session, measured.case
        head = ArmRig(head_case, session.model_of(head_case.variant, options), session.rig(options))
        cache_dir = base.cache_for(case.variant, cache.cache_dir())
        rig = replace(head.rig, start=base.launcher, cache_dir=cache_dir, work_dir=head.rig.work_dir / BASE)
        name = head_case.variant.name
        session.show(Step(name, f"{self.target.head_label} side by side with {base.target.label}"))
        at_once = self._fits(measured)
        begun_s = time.perf_counter()
        try:
            with blamed_on_base():
                other = ArmRig(case, self._model(base, case, options), rig)
                if base.cache_dir is not None:
                    prepare_case(case, other.model, rig)
            rng = random.Random()  # noqa: S311 -- no secret
            progress = Progress(name, session.show, time.perf_counter)
            sampler = PairSampler({BASE: other, HEAD: head}, rng, NoiseWatch, at_once=at_once, progress=progress)
            found = measure_pairs(
                sampler.sample,
                measured.measurement,
                Limits(options.thresholds, options.budget, options.rounds),
                wrong_code=lambda modules: _wrong_code(base, case, head_case, modules),
                progress=progress,
            )
        except ComparisonError as error:
            return Beside(self._nothing(str(error)))
        comparison = Comparison(
            base=self._arm(base.target.label, BASE, found),
            head=self._arm(self.target.head_label, HEAD, found),
            pairs=found.pairs,
            side_by_side=at_once,
            ended_by=found.ended_by,
            invalid=found.invalid,
            spent_s=time.perf_counter() - begun_s,
        )
        # Other weights and schedulers draw other pictures, as they do of stored ones.
        same_truth = other.model.digest == head.model.digest and case.variant.scheduler == head_case.variant.scheduler
        return Beside(comparison, base_pictures=found.pictures if same_truth and not found.invalid else {})

    def _case_of_base(self, base: BaseSide, case: Case) -> Case | None:
        """The same workload as the base declares the variant; None where it does not."""
        if base.declaration is None:
            return case
        declared = base.declaration.get(case.variant.name)
        return None if declared is None else replace(case, variant=self.session.resolved(declared))

    def _model(self, base: BaseSide, case: Case, options: Options) -> Model:
        """The base's own model where that is a folder of its tree, else the head's."""
        head = self.session.model_of(case.variant, options)
        source = parse_model(options.model, self.session.rootdir) if case.variant.needs_model else None
        if source is None or source.path is None:
            return head
        folder = base.model_folder(source.path)
        if folder == source.path:
            return head
        if folder not in self._models:
            check_folder(folder)
            self._models[folder] = Model(folder, model_digest(folder, cache.cache_dir()))
        return self._models[folder]

    def _fits(self, measured: Measured) -> bool:
        """Whether memory holds both arms at once."""
        measurement = measured.measurement
        need = int(2 * _ROOM * measurement.peak_bytes)
        left = available_memory_bytes()
        if need > left:
            self.session.tell(
                f"{measured.case.variant.name}: both arms would need {format_bytes(need)}, and "
                f"{format_bytes(left)} are left: one runs after the other"
            )
        return need <= left

    def _arm(self, label: str, name: str, found: Paired) -> Side:
        built, last = found.built[name], getattr(found.pairs[-1], name)
        environment = environment_of(self.session.host_environment(), built, threads=last.threads, cpus=last.cpus)
        modules = dict(found.modules[name])
        return Side(label, environment, **({"evidence": found.evidence} if name == BASE else {}), modules=modules)

    def _nothing(self, invalid: str, *, missing: str = "") -> Comparison:
        nowhere = self.session.host_environment()
        return Comparison(
            Side(self.target.label, nowhere),
            Side(self.target.head_label, nowhere),
            pairs=[],
            invalid=invalid,
            missing=missing,
        )


def side_by_side(measured: Measured, options: Options, jobs: Sequence[Measurement], spread: RunSpread) -> Beside:
    """The case beside the other arm, where the options ask for one and it is needed.

    It is not where the stored jobs show already that all is well, and not where an update accepts what was
    measured, whatever it was before.
    """
    comparer = measured.session.comparer
    if comparer is None or options.update == "all" or "latency" not in options.gate:
        return Beside()
    limits = options.thresholds
    if passes_screen(
        measured.measurement, jobs, spread, max_slowdown=limits.max_slowdown, must_catch=limits.must_catch
    ):
        return Beside()
    beside = comparer.compare(measured, options)
    lacking = beside.comparison is not None and beside.comparison.missing
    return Beside() if lacking and jobs else beside  # the screen's answer is better than none


def _wrong_code(base: BaseSide, case: Case, head: Case, modules: Mapping[str, Mapping[str, str]]) -> str:
    if base.trees is None:
        return ""
    error = wrong_code(
        case.variant.factory,
        modules[HEAD],
        modules[BASE],
        base.trees,
        same_declaration=same_declaration(case.variant, head.variant),
    )
    return "" if error is None else str(error)
