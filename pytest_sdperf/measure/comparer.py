"""Compare a measured case with the base: set that up once a session, run the pairs, prove whose code ran."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import msgspec

from pytest_sdperf.base.declaration import same_declaration
from pytest_sdperf.base.provenance import wrong_code, wrong_libraries
from pytest_sdperf.base.set_up import BaseSide, Invocation, set_up_base
from pytest_sdperf.base.target import Target
from pytest_sdperf.comparison import BASE, HEAD, Comparison, Side
from pytest_sdperf.diff.package_versions import VersionChange, changes_sentence, version_changes
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.hardware.resources import available_memory_bytes
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.paired import PairSampler, SideRig, blamed_on_base
from pytest_sdperf.measure.progress import Progress, Step
from pytest_sdperf.measure.rig import Model, environment_of, prepare_case
from pytest_sdperf.measure.stopping import Limits, Paired, measure_pairs
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.folder import check_folder
from pytest_sdperf.models.source import parse_model
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.units import format_bytes
from pytest_sdperf.variant import Case

_ROOM = 1.2
"""Memory that base and head need, of twice the head's own peak: the base may have been larger."""


@dataclass(frozen=True)
class Compared:
    """A case side by side with the base."""

    comparison: Comparison
    base_pictures: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> .npy as the base draws it"
    control: Comparison | None = None
    "the head side by side with itself; None: not asked for, or nothing to control"


@dataclass
class Comparer:
    """Measures cases of one session side by side with its target."""

    engine: Engine
    target: Target
    invocation: Invocation
    _models: dict[Path, Model] = field(default_factory=dict)
    "of the base's tree, by folder"
    _changes: dict[str, VersionChange] = field(default_factory=dict)
    "versions that differ between the libraries of base and head, by name"

    @property
    def trees(self) -> tuple[str, ...]:
        """Folders whose modules the workers of both sides report."""
        base = self._base
        trees = None if isinstance(base, ComparisonError) else base.trees
        return () if trees is None else tuple(dict.fromkeys((str(trees.head), str(trees.base))))

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the base's libraries; none before a case was compared."""
        base = self.__dict__.get("_base")
        if not isinstance(base, BaseSide):
            return ()
        changes = sorted(self._changes.values())
        versions = (f"libraries of {base.target.label} -> of the head: {changes_sentence(changes)}",) if changes else ()
        return base.notes + versions

    def compare(self, measured: Measured, options: Options) -> Compared:
        """Measure the case side by side. An error that keeps the base from running is in the comparison."""
        base = self._base
        if isinstance(base, ComparisonError):
            return Compared(self._nothing(str(base)))
        case = self._case_of_base(base, measured.case)
        if case is None:
            name = measured.case.variant.name
            return Compared(self._nothing("", missing=f"{self.target.label} declares no variant {name!r}"))
        compared = self._compared(base, case, measured, options)
        if not (self.target.control and compared.comparison.kept and not compared.comparison.invalid):
            return compared
        head = BaseSide(Target(None, None, None, control=False), self.engine.launcher, None, None, None)
        return replace(compared, control=self._compared(head, measured.case, measured, options).comparison)

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

    def _compared(self, base: BaseSide, case: Case, measured: Measured, options: Options) -> Compared:
        engine, head_case = self.engine, measured.case
        head = SideRig(head_case, engine.model_of(head_case.variant, options), engine.rig(options, trees=self.trees))
        cache_dir = base.cache_for(case.variant, cache.cache_dir())
        rig = replace(head.rig, start=base.launcher, cache_dir=cache_dir, work_dir=head.rig.work_dir / BASE)
        name = head_case.variant.name
        engine.show(Step(name, f"{self.target.head_label} side by side with {base.target.label}"))
        at_once = self._fits(measured)
        begun_s = time.perf_counter()
        try:
            with blamed_on_base():
                other = SideRig(case, self._model(base, case, options), rig)
                if base.cache_dir is not None:
                    prepare_case(case, other.model, rig)
            rng = random.Random()  # noqa: S311 -- no secret
            progress = Progress(name, engine.show, time.perf_counter)
            sampler = PairSampler(
                {BASE: other, HEAD: head},
                rng,
                NoiseWatch,
                at_once=at_once,
                own_libraries=base.interpreter is not None,
                progress=progress,
            )
            found = measure_pairs(
                sampler.sample,
                measured.measurement,
                Limits(options.thresholds, options.budget, options.rounds),
                wrong_code=lambda modules: _wrong_code(base, case, head_case, modules),
                progress=progress,
            )
        except ComparisonError as error:
            return Compared(self._nothing(str(error)))
        found.invalid = found.invalid or wrong_libraries(base.built_versions, found.installed.get(BASE, {}))
        changes = self._versions_seen(found)
        comparison = Comparison(
            base=self._side(base.target.label, BASE, found, changes),
            head=self._side(self.target.head_label, HEAD, found, changes),
            pairs=found.pairs,
            side_by_side=at_once,
            ended_by=found.ended_by,
            invalid=found.invalid,
            spent_s=time.perf_counter() - begun_s,
        )
        # Other weights and schedulers draw other pictures, as they do of stored ones.
        same_truth = other.model.digest == head.model.digest and case.variant.scheduler == head_case.variant.scheduler
        return Compared(comparison, base_pictures=found.pictures if same_truth and not found.invalid else {})

    def _case_of_base(self, base: BaseSide, case: Case) -> Case | None:
        """The same workload as the base declares the variant; None where it does not."""
        if base.declaration is None:
            return case
        declared = base.declaration.get(case.variant.name)
        return None if declared is None else replace(case, variant=self.engine.resolved(declared))

    def _model(self, base: BaseSide, case: Case, options: Options) -> Model:
        """The base's own model where that is a folder of its tree, else the head's."""
        head = self.engine.model_of(case.variant, options)
        source = parse_model(options.model, self.engine.rootdir) if case.variant.needs_model else None
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
        """Whether memory holds base and head at once."""
        measurement = measured.measurement
        need = int(2 * _ROOM * measurement.peak_bytes)
        left = available_memory_bytes()
        if need > left:
            self.engine.note(
                f"{measured.case.variant.name}: base and head would need {format_bytes(need)}, and "
                f"{format_bytes(left)} are left: one runs after the other"
            )
        return need <= left

    def _versions_seen(self, found: Paired) -> list[VersionChange]:
        """The versions that differ between the libraries of base and head; kept for the session's note."""
        changes = version_changes(found.installed.get(BASE, {}), found.installed.get(HEAD, {}))
        self._changes |= {
            change.name: change for change in changes if change.is_loaded or change.name not in self._changes
        }
        return [change for change in changes if change.is_loaded]

    def _side(self, label: str, name: str, found: Paired, changes: Sequence[VersionChange] = ()) -> Side:
        built, last = found.built[name], getattr(found.pairs[-1], name)
        environment = environment_of(self.engine.host_environment(), built, threads=last.threads, cpus=last.cpus)
        seen = {c.name: version for c in changes if (version := c.base if name == BASE else c.head)}
        environment = msgspec.structs.replace(environment, packages={**environment.packages, **seen})
        modules = dict(found.modules[name])
        return Side(label, environment, **({"evidence": found.evidence} if name == BASE else {}), modules=modules)

    def _nothing(self, invalid: str, *, missing: str = "") -> Comparison:
        nowhere = self.engine.host_environment()
        return Comparison(
            Side(self.target.label, nowhere),
            Side(self.target.head_label, nowhere),
            pairs=[],
            invalid=invalid,
            missing=missing,
        )


def _wrong_code(base: BaseSide, case: Case, head: Case, modules: Mapping[str, Mapping[str, str]]) -> str:
    if base.trees is None:
        return ""
    error = wrong_code(
        case.variant.factory,
        modules[HEAD],
        modules[BASE],
        base.trees,
        same_declaration=same_declaration(case.variant, head.variant),
        own_libraries=base.interpreter is not None,
    )
    return "" if error is None else str(error)
