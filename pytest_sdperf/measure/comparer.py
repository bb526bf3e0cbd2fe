"""Compare a measured case with the base: set that up once a session, run the pairs, prove whose code ran."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import msgspec

from pytest_sdperf.base.base_model import ModelMissingError
from pytest_sdperf.base.provenance import wrong_libraries
from pytest_sdperf.base.set_up import BaseSide, Invocation, set_up_base
from pytest_sdperf.base.target import Target
from pytest_sdperf.comparison import BASE, HEAD, Comparison, Side
from pytest_sdperf.diff.package_versions import VersionChange
from pytest_sdperf.diff.programs import is_same, why_not_same
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.hardware.resources import available_memory_bytes
from pytest_sdperf.measure.base_models import BaseModels, NamedModel
from pytest_sdperf.measure.base_pictures import BaseReference, BaseReferences, base_pictures
from pytest_sdperf.measure.blame import blamed_on_base
from pytest_sdperf.measure.code_fault import base_fault, code_fault, shared_servers
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.identity import head_and_base, looking
from pytest_sdperf.measure.library_notes import LibraryNotes
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.paired import PairSampler, SideRig
from pytest_sdperf.measure.progress import Progress, Step
from pytest_sdperf.measure.rig import environment_of, prepare_case
from pytest_sdperf.measure.room import needed_bytes
from pytest_sdperf.measure.stopping import Limits, Paired, measure_pairs
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.model_difference import ModelDifference
from pytest_sdperf.models import cache
from pytest_sdperf.observations import BasePictures, Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import UNASKED, Program
from pytest_sdperf.units import format_bytes
from pytest_sdperf.variant import Case


@dataclass(frozen=True)
class Compared:
    """A case side by side with the base."""

    comparison: Comparison
    base_pictures: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> .npy as the base draws it; empty where another model draws another picture"
    own_pictures: BasePictures | None = None
    "of a base with another model"
    control: Comparison | None = None
    "the head side by side with itself; None: not asked for, or nothing to control"


@dataclass
class Comparer:
    """Measures cases of one session side by side with its target."""

    engine: Engine
    target: Target
    invocation: Invocation
    _libraries: LibraryNotes = field(default_factory=LibraryNotes)
    _shared: dict[str, None] = field(default_factory=dict)
    "notes on servers that answer both sides"

    def has_other_model(self, measured: Measured, options: Options) -> bool:
        """Whether the base's model is another one than the head's, or cannot be known."""
        base = self._base
        case = None if isinstance(base, ComparisonError) else self._case_of_base(base, measured.case)
        if case is None:
            return False
        try:
            with blamed_on_base():
                own = self._models.of(case.variant, options, measured.asked)
        except ComparisonError:
            return True
        return self._models.difference(own, self._heads(measured.case, options)) is not None

    @property
    def trees(self) -> tuple[str, ...]:
        """Folders whose modules the workers of both sides report."""
        base = self._base
        trees = None if isinstance(base, ComparisonError) else base.trees
        return () if trees is None else tuple(dict.fromkeys((str(trees.head), str(trees.base))))

    @property
    def base_if_set_up(self) -> BaseSide | ComparisonError | None:
        """The base, or why there is none; None before it was asked for."""
        return self.__dict__.get("_base")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the base's libraries, tests and models; none before a case was compared."""
        base = self.base_if_set_up
        if not isinstance(base, BaseSide):
            return ()
        return (*base.notes, *self._models.notes, *self._libraries.notes(base.target.label), *self._shared)

    def compare(self, measured: Measured, options: Options) -> Compared:
        """Measure the case side by side. An error that keeps the base from running is in the comparison."""
        base = self._base
        if isinstance(base, ComparisonError):
            return Compared(self._nothing(str(base)))
        case = self._case_of_base(base, measured.case)
        if case is None:
            name = measured.case.variant.name
            return Compared(self._nothing("", missing=f"{self.target.label} declares no variant {name!r}"))
        try:
            with blamed_on_base():
                model = self._models.of(case.variant, options, measured.asked)
        except ModelMissingError as error:
            return Compared(self._nothing("", missing=error.what))
        except ComparisonError as error:
            return Compared(self._nothing(str(error)))
        compared = self._compared_unless_same(base, case, model, measured, options)
        if not (self.target.control and compared.comparison.kept and not compared.comparison.invalid):
            return compared
        head = BaseSide(Target(None, None, None, control=False), self.engine.launcher, None, None, None)
        model = self._heads(measured.case, options)
        return replace(compared, control=self._compared(head, measured.case, model, measured, options).comparison)

    def look(self, options: Options) -> AbstractContextManager[FileWatch | None]:
        """For the time that a case is measured by itself: a watch over what it opens, where that is of use."""
        base = self._base
        if isinstance(base, ComparisonError) or base.trees is None or base.target.revision is None:
            return nullcontext()
        return looking(base.trees, self.engine, options)

    def _compared_unless_same(
        self, base: BaseSide, case: Case, model: NamedModel, measured: Measured, options: Options
    ) -> Compared:
        """Nothing is measured where base and head are the same program."""
        there, here = self._programs(base, case, model, measured, options)
        if is_same(there, here):
            return Compared(self._nothing("", identical=here))
        if note := shared_servers(measured, base.target):
            self._shared[note] = None
        compared = self._compared(base, case, model, measured, options)
        comparison = msgspec.structs.replace(compared.comparison, measured_because=why_not_same(there, here))
        return replace(compared, comparison=comparison)

    def _programs(
        self, base: BaseSide, case: Case, model: NamedModel, measured: Measured, options: Options
    ) -> tuple[Program, Program]:
        """(base, head) as programs; unknown where they are to be timed in any case."""
        if base.target.is_head or options.identical == "measure":
            return UNASKED, UNASKED
        models = {BASE: model.model, HEAD: self._heads(measured.case, options).model}
        return head_and_base(base, self.engine, case, measured, options, models=models)

    @cached_property
    def _base(self) -> BaseSide | ComparisonError:
        """The base, or why there is none: tried once."""
        engine = self.engine
        try:
            return set_up_base(
                self.target,
                engine.launcher,
                self.invocation,
                rootdir=engine.rootdir,
                work_dir=engine.work_dir / "base",
                stack=engine.open,
                show=lambda doing: engine.show(Step(self.target.label, doing)),
            )
        except ComparisonError as error:
            return error

    @cached_property
    def _models(self) -> BaseModels:
        """Of the base, where there is one."""
        base = self._base
        assert not isinstance(base, ComparisonError)  # noqa: S101 - for the type checker
        return BaseModels(self.engine, base, self.invocation.command_line)

    @cached_property
    def _references(self) -> BaseReferences:
        return BaseReferences(self.engine, self._models.base, self._models)

    def _heads(self, case: Case, options: Options) -> NamedModel:
        return NamedModel(case.model, self.engine.model_of(case.variant, options))

    def _compared(
        self, base: BaseSide, case: Case, model: NamedModel, measured: Measured, options: Options
    ) -> Compared:
        engine, head_case = self.engine, measured.case
        own = self._heads(head_case, options)
        models = self._models.difference(model, own)
        head = SideRig(head_case, own.model, engine.rig(options, trees=self.trees))
        cache_dir = base.cache_for(case.variant, cache.cache_dir())
        rig = replace(head.rig, start=base.launcher, cache_dir=cache_dir, work_dir=head.rig.work_dir / BASE)
        name = head_case.variant.name
        engine.show(Step(name, f"{self.target.head_label} side by side with {base.target.label}"))
        at_once = self._fits(measured, models)
        begun_s = time.perf_counter()
        try:
            with blamed_on_base():
                if base.cache_dir is not None:
                    prepare_case(case, model.model, rig)
            reference = BaseReference()
            if models and models.is_of_work:
                reference = self._references.of(case, rig, options, measured.asked)
            other = SideRig(case, model.model, rig, reference.plan(options))
            rng = random.Random()  # noqa: S311 -- no secret
            progress = Progress(name, engine.show, time.perf_counter)
            sampler = PairSampler(
                {BASE: other, HEAD: head},
                rng,
                NoiseWatch,
                at_once=at_once,
                own_libraries=base.interpreter is not None,
                progress=progress,
                regime=head.rig.regime,
            )
            found = measure_pairs(
                sampler.sample,
                measured.measurement,
                Limits(options.thresholds, options.budget, options.rounds),
                wrong_code=lambda pair: code_fault(base, case, measured, pair, other_model=models is not None),
                progress=progress,
            )
        except ComparisonError as error:
            return Compared(self._nothing(base_fault(base, error)))
        found.invalid = found.invalid or wrong_libraries(base.built_versions, found.installed.get(BASE, {}))
        changes = self._libraries.loaded(found.installed)
        comparison = Comparison(
            base=self._side(base.target.label, BASE, found, model, changes),
            head=self._side(self.target.head_label, HEAD, found, own, changes),
            pairs=found.pairs,
            side_by_side=at_once,
            ended_by=found.ended_by,
            invalid=found.invalid,
            models=models,
            spent_s=time.perf_counter() - begun_s,
        )
        if base.interpreter is not None:
            self._libraries.compared(comparison, measured.measurement)
        if found.invalid:
            return Compared(comparison)
        if models and models.is_of_work:
            own_pictures = base_pictures(base.target.label, found.pictures, found.chains, reference)
            return Compared(comparison, own_pictures=own_pictures)
        # Another scheduler draws other pictures, as it does of stored ones.
        is_comparable = case.variant.scheduler == head_case.variant.scheduler
        return Compared(comparison, base_pictures=found.pictures if is_comparable else {})

    def _case_of_base(self, base: BaseSide, case: Case) -> Case | None:
        """The same workload as the base declares the variant; None where it does not."""
        if base.declaration is None:
            return case
        declared = base.declaration.get(case.variant.name)
        return None if declared is None else replace(case, variant=self.engine.resolved(declared))

    def _fits(self, measured: Measured, models: ModelDifference | None) -> bool:
        """Whether memory holds base and head at once."""
        measurement = measured.measurement
        larger = max(0, models.base_bytes - models.head_bytes) if models else 0
        need = needed_bytes(2, measurement.peak_bytes, more_of_model_bytes=larger)
        left = available_memory_bytes()
        if need > left:
            self.engine.note(
                f"{measured.case.variant.name}: base and head would need {format_bytes(need)}, and "
                f"{format_bytes(left)} are left: one runs after the other"
            )
        return need <= left

    def _side(
        self, label: str, name: str, found: Paired, model: NamedModel, changes: Sequence[VersionChange] = ()
    ) -> Side:
        built, last = found.built[name], getattr(found.pairs[-1], name)
        environment = environment_of(self.engine.host_environment(), built, threads=last.threads, cpus=last.cpus)
        seen = {c.name: version for c in changes if (version := c.base if name == BASE else c.head)}
        environment = msgspec.structs.replace(environment, packages={**environment.packages, **seen})
        modules = dict(found.modules[name])
        evidence = found.evidence if name == BASE else Evidence()
        return Side(label, environment, evidence, modules, model.name, model.model.digest)

    def _nothing(self, invalid: str, *, missing: str = "", identical: Program | None = None) -> Comparison:
        nowhere = self.engine.host_environment()
        return Comparison(
            Side(self.target.label, nowhere),
            Side(self.target.head_label, nowhere),
            pairs=[],
            invalid=invalid,
            missing=missing,
            identical=identical,
        )
