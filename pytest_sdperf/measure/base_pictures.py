"""The pictures of a base with a model of its own: its reference variant draws with that model, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.measure.base_models import BaseModels
from pytest_sdperf.measure.chain_plan import ChainPlan
from pytest_sdperf.measure.references import load_pictures
from pytest_sdperf.measure.rig import Rig
from pytest_sdperf.measure.sampling import Drawing, draw_reference
from pytest_sdperf.models import cache
from pytest_sdperf.observations import Asked, BasePictures, References
from pytest_sdperf.options import Options
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.workload import Workload

if TYPE_CHECKING:
    from pytest_sdperf.measure.engine import Engine


@dataclass(frozen=True)
class BaseReference:
    """What a base's pictures are compared with."""

    name: str | None = None
    "the variant that drew it; None: the base's variant has no other as its reference"
    drawing: Drawing | None = None
    unjudged_because: str = ""
    "why there is no drawing, as a clause"

    def plan(self, options: Options) -> ChainPlan:
        """What the base's own pictures follow."""
        return ChainPlan(options.parity, self.name or "", self.drawing.chains) if self.drawing else ChainPlan()


@dataclass
class BaseReferences:
    """The references of one base, each drawn once a session."""

    engine: Engine
    base: BaseSide
    models: BaseModels
    _drawn: dict[tuple[str, str, Workload, str], Drawing] = field(default_factory=dict)

    def of(self, case: Case, rig: Rig, options: Options, asked: Asked) -> BaseReference:
        """The reference of the base's ``case``, drawn by the base's own variant with the base's model."""
        name = case.variant.reference
        if name is None or name == case.variant.name or "picture" not in options.gate:
            return BaseReference()
        declared = self.base.declaration.get(name) if self.base.declaration else None
        if declared is None:
            return BaseReference(name, unjudged_because=f"it declares no variant {name!r}")
        if unmet := [need for need in declared.requirements if check(need)]:
            return BaseReference(name, unjudged_because=f"{name} cannot run here ({unmet[0]})")
        variant = replace(self.engine.resolved(declared), scheduler=case.variant.scheduler)
        try:
            return BaseReference(name, self._draw(replace(case, variant=variant), rig, options, asked))
        except SdperfError as error:
            return BaseReference(name, unjudged_because=f"{name} does not draw there: {error.what}")

    def _draw(self, case: Case, rig: Rig, options: Options, asked: Asked) -> Drawing:
        variant: Variant = case.variant
        model = self.models.of(variant, options, asked).model
        key = variant.name, variant.scheduler, case.workload, model.digest
        if key not in self._drawn:
            own = replace(rig, cache_dir=self.base.cache_for(variant, cache.cache_dir()))
            plan = ChainPlan(options.parity)
            self._drawn[key] = draw_reference(case, model, own, host=self.engine.host_environment(), chains=plan)
        return self._drawn[key]


def base_pictures(
    label: str, pictures: Mapping[str, Path], chains: Chains | None, reference: BaseReference
) -> BasePictures:
    """What the base called ``label`` has drawn, with its reference."""
    drawing = reference.drawing
    return BasePictures(
        label,
        load_pictures(pictures),
        References(load_pictures(drawing.pictures)) if drawing else References(),
        reference.name,
        chains,
        reference.unjudged_because,
    )
