"""One run of sdperf: the cases that it was asked for, what was measured and collected of them, and what it recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_sdperf import __version__
from pytest_sdperf.base.set_up import BaseSide, Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines.accepting import is_to_be_recorded
from pytest_sdperf.baselines.file_format import time_text
from pytest_sdperf.baselines.store import BaselineStore, certainly_unused
from pytest_sdperf.baselines.stored_pictures import reference_keys
from pytest_sdperf.diff.programs import is_same
from pytest_sdperf.errors import BaselineError, ComparisonError
from pytest_sdperf.measure.alone import Alone
from pytest_sdperf.measure.comparer import Compared, Comparer
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.escalation import Escalation
from pytest_sdperf.measure.own_program import OwnPrograms
from pytest_sdperf.measure.painter import Painter
from pytest_sdperf.measure.references import (
    Found,
    find_own_references,
    find_references,
    load_picture,
    load_pictures,
)
from pytest_sdperf.measure.sampling import Enough, Sampled
from pytest_sdperf.measure.when_enough import enough, most_processes
from pytest_sdperf.measure.when_paired import Pairs, is_screened, pairs_for
from pytest_sdperf.models.configurations import native_size
from pytest_sdperf.observations import NOBODY, Asked, Measured, Observations
from pytest_sdperf.options import Options
from pytest_sdperf.policy.base_rules import BaseRules
from pytest_sdperf.program import Program
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.rows import fp32_latencies
from pytest_sdperf.report.run_notes import run_notes
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.stats.enough_processes import UNCOMPARED_PROCESSES
from pytest_sdperf.stats.regime import readings_ns, usual
from pytest_sdperf.stats.run_spread import RunSpread, run_spread
from pytest_sdperf.variant import Case
from pytest_sdperf.workload import workload_of


class Session:
    """One run of sdperf."""

    def __init__(
        self,
        engine: Engine,
        *,
        target: Target | None = None,
        invocation: Invocation | None = None,
        rules: BaseRules | None = None,
    ) -> None:
        self.engine = engine
        self.rules = rules
        "of the revision whose baselines count; None: those that are checked out"
        self.begun_at = time_text(datetime.now(timezone.utc))
        self.images: dict[str, bytes] = {}
        "what the outcomes' pictures name"
        self.recorded: set[str] = set()
        "ids of the cases that this run has written into their baselines"
        called = invocation or Invocation(Path.cwd())
        self._comparer = None if target is None else Comparer(engine, target, called)
        self._painter = Painter(engine, rules.revision, called) if rules and target is None else None
        self.alone = Alone(engine)
        "measures the cases by themselves"
        self._programs = OwnPrograms(engine, called.variables)
        self._escalation = Escalation(engine, called)

    @property
    def base(self) -> BaseSide | ComparisonError | None:
        """The base side by side, or why there is none; None: no case was compared with one."""
        return self._comparer.base_if_set_up if self._comparer else None

    def close(self) -> None:
        """Let the next session on this host begin."""
        self.engine.close()

    def case(self, variant: str, options: Options, keywords: Mapping[str, Any]) -> Case:
        """The case that a test's keywords ask for, its variant resolved for this machine.

        Raises CaseError for keywords that make no workload.
        """
        here = self.engine.here(variant)
        named = "sizes" in keywords or "height" in keywords or "width" in keywords
        native = native_size(self.engine.model(options).path) if here.needs_model and not named else None
        workload = workload_of(keywords, native_size=native)
        return Case(here, workload, self.engine.model_name(here, options))

    def measure(self, case: Case, options: Options, *, compared: bool = True, asked: Asked = NOBODY) -> Measured:
        """Measure a case by itself, now, for the test that ``asked``.

        One that is ``compared`` has its reference drawn before, unless this run has drawn it.
        """
        sampled = self._measure(case, options, compared=compared)
        pictures = load_pictures(sampled.drawing.pictures)
        others = {key: [load_picture(path) for path in paths] for key, paths in sampled.others.items()}
        return Measured(
            case, sampled.measurement, pictures, others, asked, sampled.looked, sampled.chains, sampled.filtered
        )

    def collect(self, measured: Measured, options: Options) -> Observations:
        """All that a verdict on the case rests on: what it is compared with is measured, drawn or read now.

        Raises BaselineError for stored files that cannot be trusted, LaunchError and WorkerError.
        """
        case, unpaired = measured.case, measured.measurement
        store = self.store(options)
        baseline = store.load(case.id)
        spread = run_spread(store.variants())
        wanted = options.thresholds.min_speedup
        # Measured first: where it is the reference variant too, its pictures are there already.
        sibling = self.alone.sibling(wanted[0], case, options) if wanted else None
        # A run records a case once: what it measures of it again shares the hour, and is compared with that recording.
        is_asked_for = case.id not in self.recorded and is_to_be_recorded(options, baseline)
        program = self._programs.of(measured, options)
        if baseline and not is_asked_for:
            program = self._programs.beside(baseline.runs[-1], measured, options, program)
        compared, not_escalated_because = self._compare(measured, options, baseline, spread, program)
        # Head and base are compared by the pictures that both drew in the same minutes.
        measurement = compared.comparison.measurement_of_head(unpaired) if compared else unpaired
        of_base = compared.base_pictures if compared else {}
        if self._painter and not baseline and options.missing == "skip":  # what has no baseline can still be drawn
            of_base = self._painter.pictures(measured, options)
        found = self._references(measured, options, of_base)
        # A run from a busy hour would be the level that later ones are compared with.
        disturbed = disturbance(unpaired) if is_asked_for and baseline else ""
        return Observations(
            case,
            measurement,
            unpaired,
            pictures=measured.pictures,
            other_pictures=measured.other_pictures,
            references=found.references,
            chains=measured.chains,
            filtered=measured.filtered,
            baseline=baseline,
            spread=spread,
            is_to_be_recorded=is_asked_for and not disturbed,
            not_recorded_because=disturbed,
            new_references=found.new,
            sibling=sibling,
            comparison=compared.comparison if compared else None,
            base_pictures=compared.own_pictures if compared else None,
            control=compared.control if compared else None,
            program=program,
            not_escalated_because=not_escalated_because,
            regime=self.engine.regime.usual,
            revision=self._programs.revision,
        )

    def _measure(self, case: Case, options: Options, *, compared: bool) -> Sampled:
        if self.engine.regime.stored is None:
            runs = chain.from_iterable(self.store(options).variants())
            self.engine.regime.stored = usual(readings_ns(chain.from_iterable(run.processes for run in runs)))
        if not compared:
            processes = options.processes or UNCOMPARED_PROCESSES
            return self.alone.sample(case, options, processes=processes, compared=False)
        programs = self._comparer or self._programs
        most, said = self._processes(case, options)
        return self.alone.sample(
            case, options, processes=most, trees=programs.trees, look=programs.look(options), enough=said
        )

    def _processes(self, case: Case, options: Options) -> tuple[int, Enough | None]:
        """How many processes measure the case by itself at most, and what says that fewer are enough."""
        store = self.store(options)
        try:
            baseline = store.load(case.id)
        except BaselineError:  # said when the case is judged
            baseline = None
        is_recorded = case.id not in self.recorded and is_to_be_recorded(options, baseline)
        pairs = self._pairs_before(case, options)
        most = most_processes(pairs, options, has_baseline=baseline is not None, is_recorded=is_recorded)
        if baseline is None or is_recorded or pairs is Pairs.YES:
            return most, None
        same = None if self._comparer else self._programs.is_recorded(case, baseline, options)
        spread = cache(lambda: run_spread(store.variants()))
        wanted = options.thresholds.min_speedup
        sibling = self.alone.seen_sibling(wanted[0], case, options) if wanted else None
        return most, enough(baseline, options, spread, most, is_recorded=same, sibling=sibling)

    def _pairs_before(self, case: Case, options: Options) -> Pairs:
        """Whether the case will be measured side by side, as far as that is known before it is measured."""
        is_stored = self._comparer is not None and self.store(options).path(case.id).exists()
        return pairs_for(options, has_target=self._comparer is not None, has_baseline=is_stored)

    def _compare(
        self, measured: Measured, options: Options, baseline: Baseline | None, spread: RunSpread, program: Program
    ) -> tuple[Compared | None, str]:
        """The case side by side, where that is needed; else None, and why it is not though it is needed.

        With the base, where one is named, and else with the program that was recorded, where that is another one.
        """
        if self._comparer is not None:
            return self._compare_with_base(self._comparer, measured, options, baseline, spread), ""
        if baseline is None or options.escalate == "off" or "latency" not in options.gate:
            return None, ""
        recorded = baseline.runs[-1]
        is_recorded = recorded.whole_program is not None and is_same(recorded.whole_program, program)
        is_decided = is_recorded or is_screened(measured.measurement, baseline, options, spread)
        if is_decided or is_to_be_recorded(options, baseline) or measured.case.id in self.recorded:
            return None, ""
        path = self.store(options).path(measured.case.id)
        found = self._escalation.compare(measured, options, recorded, program, path=path)
        return (None, found) if isinstance(found, str) else (found, "")

    def _compare_with_base(
        self, comparer: Comparer, measured: Measured, options: Options, baseline: Baseline | None, spread: RunSpread
    ) -> Compared | None:
        pairs = pairs_for(options, has_target=True, has_baseline=baseline is not None)
        if pairs is Pairs.NO:
            return None
        own = measured.measurement
        is_decided = pairs is Pairs.UNLESS_SCREENED and baseline and is_screened(own, baseline, options, spread)
        # Recorded runs of the head's model say nothing of the base's.
        if is_decided and not comparer.has_other_model(measured, options):
            return None
        compared = comparer.compare(measured, options)
        # Where the base has no such case, the screen's answer is better than none.
        return None if compared.comparison.missing and baseline else compared

    def _references(self, measured: Measured, options: Options, of_base: Mapping[str, Path]) -> Found:
        """The pictures that the case is compared with, by the weights of the variant that draws them."""
        case, variant, root = measured.case, measured.case.variant, self.baselines(options)
        name = variant.reference or variant.name
        digest = self.engine.model_of(self.engine.registry[name], options).digest
        keys = reference_keys(case.workload, variant=name, model_digest=digest, scheduler=variant.scheduler)
        if name == variant.name:
            environment = measured.measurement.environment
            return find_own_references(
                variant, keys, root, drawn=measured.pictures, environment=environment, of_base=of_base
            )
        return find_references(
            keys,
            root,
            seen=self.alone.seen_reference(case, options),
            draw=lambda: self.alone.draw_reference(case, options) if self.engine.can_run(name) else None,
        )

    def store(self, options: Options) -> BaselineStore:
        """The baselines of this machine."""
        return BaselineStore(self.baselines(options), self.engine.machine_key)

    def baselines(self, options: Options) -> Path:
        """The folder of baselines and reference pictures."""
        here = (self.engine.rootdir / options.baselines).resolve()
        return here if self.rules is None else self.rules.baselines(here)

    def report(
        self,
        outcomes: Sequence[Outcome],
        options: Options,
        notes: Sequence[str] = (),
        unfinished: Mapping[str, list[str]] = MappingProxyType({}),
    ) -> Report:
        """Everything measured in this run, for the renderings; ``notes`` come before the session's own."""
        store = self.store(options)
        left = certainly_unused(store.unused({o.measurement.case_id for o in outcomes}), unfinished)
        unused, foreign = ([*map(self.shown, paths)] for paths in (left, store.foreign()))
        machine = self.engine.machine_key
        own = run_notes(outcomes, unused=unused, foreign=foreign, machine=machine, quota=self.engine.quota)
        # Judged ones come first: side by side they have other processes than the first measurement.
        measured = [o.measurement for o in outcomes] + self.alone.measurements
        return Report(
            list(outcomes),
            [*notes, *(self._comparer.notes if self._comparer else self._escalation.notes), *own],
            fp32_latencies(measured),
            images=self.images,
            begun_at=self.begun_at,
            plugin_version=__version__,
        )

    def shown(self, path: Path) -> str:
        """A file as people would type it: relative to the rootdir where it lies below; of a revision, as git does."""
        if self.rules is not None and (of_revision := self.rules.shown(path)):
            return of_revision
        return str(path.relative_to(self.engine.rootdir)) if path.is_relative_to(self.engine.rootdir) else str(path)
