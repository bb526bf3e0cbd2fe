"""The pictures of a base with a model of its own, and the reference that its own variant draws with that model."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.target import Target
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.measure import base_pictures as module
from pytest_sdperf.measure.base_models import NamedModel
from pytest_sdperf.measure.base_pictures import BaseReference, BaseReferences, base_pictures
from pytest_sdperf.measure.rig import Model, Rig
from pytest_sdperf.measure.sampling import Drawing
from pytest_sdperf.measurement import Environment
from pytest_sdperf.observations import NOBODY
from pytest_sdperf.options import Options
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.workload import Workload

EXACT = Variant("exact", "harbour:build", reference="exact")
COARSE = Variant("coarse", "harbour:build", reference="exact", scheduler="Euler")
CASE = Case(COARSE, Workload(prompts=("a",), sizes=((8, 8),)), "m")


class Engine:
    def resolved(self, variant):
        return variant

    def host_environment(self):
        return Environment("here")


class Models:
    def of(self, variant, options, asked):
        return NamedModel("m", Model(Path("/base/m"), "digest"))


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn, as (variant, scheduler, model); or the error that drawing raises."""
    drawn = []

    def draw_reference(case, model, rig, *, host, chains):
        if drawn and isinstance(drawn[0], Exception):
            raise drawn[0]
        drawn.append((case.variant.name, case.variant.scheduler, model.digest))
        return Drawing({}, host, {"8x8/0": Path("/chain")})

    monkeypatch.setattr(module, "draw_reference", draw_reference)
    return drawn


@pytest.fixture
def references(drawn):
    def references(*variants):
        declared = Declaration(variants, {})
        base = BaseSide(Target(None, None, None, control=False), None, None, None, declared)
        return BaseReferences(Engine(), base, Models())

    return references


RIG = Rig(None, Path("/work"), Path("/cache"), 60.0, print)


def test_the_bases_own_reference_draws_with_the_bases_model_once(references, drawn):
    own = references(EXACT, COARSE)
    for _ in range(2):
        found = own.of(CASE, RIG, Options(), NOBODY)
        plan = found.plan(Options(parity="first"))
        assert (found.name, plan.reference, plan.parity, found.unjudged_because) == ("exact", "exact", "first", "")
        assert plan.given == {"8x8/0": Path("/chain")}
    assert drawn == [("exact", "Euler", "digest")]


@pytest.mark.parametrize(
    ("reference", "gate"), [(None, ("picture",)), ("coarse", ("picture",)), ("exact", ("latency",))]
)
def test_nothing_is_drawn_without_another_reference_or_a_gate(references, drawn, reference, gate):
    case = dataclasses.replace(CASE, variant=dataclasses.replace(COARSE, reference=reference))
    assert references(EXACT).of(case, RIG, Options(gate=gate), NOBODY) == BaseReference()
    assert drawn == []


def test_why_nothing_could_be_drawn(references, drawn):
    assert references().of(CASE, RIG, Options(), NOBODY) == BaseReference(
        "exact", unjudged_because="it declares no variant 'exact'"
    )
    whale = dataclasses.replace(EXACT, requirements=("package:no-such-whale",))
    found = references(whale).of(CASE, RIG, Options(), NOBODY)
    assert found.unjudged_because.startswith("exact cannot run here (")
    drawn.append(WorkerError("the mast broke", cure="Fix it."))
    found = references(EXACT).of(CASE, RIG, Options(), NOBODY)
    assert found == BaseReference("exact", unjudged_because="exact does not draw there: the mast broke")


def test_pictures_and_chains_beside_their_reference(tmp_path):
    picture = np.full((8, 8, 3), 0.5, np.float32)
    np.save(tmp_path / "own.npy", picture)
    drawing = Drawing({"8x8/0": tmp_path / "own.npy"}, Environment("here"))
    chains = Chains("exact", [])
    found = base_pictures("main", {"8x8/0": tmp_path / "own.npy"}, chains, BaseReference("exact", drawing))
    assert (found.label, found.reference_name, found.chains) == ("main", "exact", chains)
    assert (found.pictures["8x8/0"] == found.references.pictures["8x8/0"]).all()
    without = base_pictures("main", {}, None, BaseReference("exact", unjudged_because="no"))
    assert (without.references.pictures, without.chains, without.unjudged_because) == (None, None, "no")
