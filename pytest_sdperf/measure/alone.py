"""Cases of one run measured by themselves, and the references that they are compared with, each once."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from pytest_sdperf.errors import CaseError
from pytest_sdperf.measure.chain_plan import NO_CHAINS, ChainPlan
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.progress import Step
from pytest_sdperf.measure.sampling import Drawing, Enough, Sampled, draw_reference, sample
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import DEFAULT_ROUNDS, Options
from pytest_sdperf.stats.enough_processes import UNCOMPARED_PROCESSES
from pytest_sdperf.variant import Case
from pytest_sdperf.wording import plural
from pytest_sdperf.workload import Workload


class Alone:
    """Measures and draws the cases of one run, each by itself and once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sampled: dict[tuple[str, str, Workload, str], Sampled] = {}
        self._drawn: dict[tuple[str, str, Workload, str], Drawing] = {}

    @property
    def measurements(self) -> list[Measurement]:
        """Of every case so far."""
        return [sampled.measurement for sampled in self._sampled.values()]

    def sample(
        self,
        case: Case,
        options: Options,
        *,
        processes: int,
        trees: tuple[str, ...] = (),
        look: AbstractContextManager[FileWatch | None] | None = None,
        enough: Enough | None = None,
        compared: bool = True,
    ) -> Sampled:
        """Measure a case now; ``look`` watches what it opens meanwhile, ``enough`` may end it early.

        One that is ``compared`` has its reference drawn before, unless this run has drawn it.
        """
        chains = self._chains(case, options) if compared else NO_CHAINS
        rounds = options.rounds or DEFAULT_ROUNDS
        most = f"{'at most ' if enough else ''}{plural(processes, 'process', 'es')}"
        doing = f"measuring {case.id}, {most} x {plural(rounds, 'picture')}"
        self.engine.show(Step(case.variant.name, doing))
        with look or nullcontext() as file_watch:
            sampled = sample(
                case,
                self.engine.model_of(case.variant, options),
                replace(self.engine.rig(options, trees=trees), look=file_watch),
                processes=processes,
                rounds=rounds,
                host=self.engine.host_environment(),
                chains=chains,
                enough=enough,
            )
        self._sampled[_key(case)] = sampled
        return sampled

    def sibling(self, name: str, like: Case, options: Options) -> Measurement:
        """Another variant on the same workload: measured in this run, or now."""
        if seen := self.seen_sibling(name, like, options):
            return seen
        case = self._other(name, like, options, scheduler=None)
        sampled = self.sample(case, options, processes=options.processes or UNCOMPARED_PROCESSES, compared=False)
        return sampled.measurement

    def seen_sibling(self, name: str, like: Case, options: Options) -> Measurement | None:
        """The same; None where it was not measured in this run."""
        seen = self._sampled.get(_key(self._other(name, like, options, scheduler=None)))
        return seen.measurement if seen else None

    def seen_reference(self, case: Case, options: Options) -> Drawing | None:
        """The drawing of the case's reference variant with the same scheduler in this run; None where it drew none.

        One that has kept its chains comes first: what was measured only to be compared by its latency has none.
        """
        key = _key(self._reference_of(case, options))
        sampled = self._sampled.get(key)
        drawings = [drawing for drawing in (sampled and sampled.drawing, self._drawn.get(key)) if drawing]
        return next((drawing for drawing in drawings if drawing.chains), next(iter(drawings), None))

    def draw_reference(self, case: Case, options: Options) -> Drawing:
        """Let the case's reference variant draw the workload with the case's scheduler, untimed."""
        other = self._reference_of(case, options)
        engine = self.engine
        drawing = draw_reference(
            other,
            engine.model_of(other.variant, options),
            engine.rig(options),
            host=engine.host_environment(),
            chains=ChainPlan(_parity(options)),
        )
        self._drawn[_key(other)] = drawing
        return drawing

    def reference(self, case: Case, options: Options) -> Drawing:
        """The drawing of the case's reference variant: of this run, or drawn now."""
        return self.seen_reference(case, options) or self.draw_reference(case, options)

    def _chains(self, case: Case, options: Options) -> ChainPlan:
        """The chains that the case follows, or keeps for others where it is its own reference."""
        name, parity = case.variant.reference, _parity(options)
        if parity == "off":
            return NO_CHAINS
        if name is None or name == case.variant.name:
            return ChainPlan(parity)
        seen = self.seen_reference(case, options)
        if not self.engine.can_run(name) and not (seen and seen.chains):
            return NO_CHAINS
        drawing = seen if seen and seen.chains else self.draw_reference(case, options)
        return ChainPlan(parity, name, drawing.chains)

    def _reference_of(self, case: Case, options: Options) -> Case:
        if case.variant.reference is None:
            raise CaseError(f"variant {case.variant.name!r} names no reference", cure="Compare it with itself.")
        return self._other(case.variant.reference, case, options, scheduler=case.variant.scheduler)

    def _other(self, name: str, like: Case, options: Options, *, scheduler: str | None) -> Case:
        here = self.engine.here(name)
        variant = replace(here, scheduler=scheduler) if scheduler else here
        return replace(like, variant=variant, model=self.engine.model_name(here, options))


def _parity(options: Options) -> str:
    return options.parity if "picture" in options.gate else "off"


def _key(case: Case) -> tuple[str, str, Workload, str]:
    return case.variant.name, case.variant.scheduler, case.workload, case.model
