"""The families of models that are known, one line each, and what people and options need of all of them."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_sdperf.models.families.family import Family
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION

FAMILIES: tuple[Family, ...] = (STABLE_DIFFUSION,)
"""The first is taken for pipelines that are of no known class: those that a variant brings itself.

Stages of one name are alike in every family: called alike, with one limit.
"""

CALLED = {stage.name: stage.called for family in FAMILIES for stage in family.stages}
"""Stage -> what people call it: `UNet`."""

DENOISERS = frozenset(family.denoiser for family in FAMILIES)
DECODERS = frozenset(family.decoder for family in FAMILIES)
"""Names of such stages."""


def family_of(pipelines: Iterable[object]) -> Family | None:
    """The family that has a pipeline of one of these class names, None for no known one."""
    names = {*pipelines}
    return next((family for family in FAMILIES if family.pipelines & names), None)
