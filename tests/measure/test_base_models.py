"""Which model the base draws with, and how it differs from the head's: whose word counts, checked once."""

import dataclasses
from pathlib import Path

import pytest

from pytest_sdperf.base.base_model import BaseModel, ModelMissingError
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.target import Target
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError, ModelError, OptionError
from pytest_sdperf.measure import base_models as module
from pytest_sdperf.measure.base_models import BaseModels, NamedModel
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.models.prepare import Prepared
from pytest_sdperf.models.source import ModelSource
from pytest_sdperf.observations import Asked
from pytest_sdperf.options import Options
from pytest_sdperf.variant import Variant

SHIP = Variant("ship", "harbour:build")
TEST = "test_it.py::test_ship"
HEAD = Options(model="head's")


class Engine:
    rootdir = Path("/head")

    def model(self, options):
        return Prepared(Path("/cache") / options.model, f"digest of {options.model}", built=False)

    def model_of(self, variant, options):
        return Model(Path("/head/model"), "digest of the head's") if variant.needs_model else Model(None, "")

    def model_name(self, variant, options):
        return options.model


@pytest.fixture
def found(monkeypatch):
    """What is looked for in the base's tree, in order; each text names itself, unless a test says otherwise."""
    found = []
    answers = {}

    def find_base_model(text, trees, revision, *, base_rootdir):
        found.append((text, base_rootdir))
        answer = answers.get(text, BaseModel(ModelSource("folder", text, path=Path("/base") / text), text))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "find_base_model", find_base_model)
    monkeypatch.setattr(module, "check_folder", lambda folder: None)
    monkeypatch.setattr(module, "model_digest", lambda folder, cache: f"digest of {folder.name}")
    found_of = dataclasses.make_dataclass("Found", ["asked", "answers"])
    return found_of(found, answers)


@pytest.fixture
def models():
    def models(declaration=None, **command_line):
        revision = Revision("main", "b" * 40, Path("/head"), "--sdperf-against")
        target = Target(None, revision, None, control=False)
        declared = declaration or Declaration((SHIP,), {})
        base = BaseSide(target, None, None, Trees(Path("/head"), Path("/base")), declared, rootdir=Path("/base/svc"))
        return BaseModels(Engine(), base, command_line)

    return models


@pytest.mark.parametrize(
    ("marker_there", "line", "addopts", "ini", "expected"),
    [
        ({"model": "marker's"}, "line's", "addopts'", "ini's", "marker's"),
        ({"min_ssim": 1}, "line's", "addopts'", "ini's", "line's"),
        ({}, None, "addopts'", "ini's", "addopts'"),
        ({}, None, None, "ini's", "ini's"),
        ({}, None, None, None, "bundled"),
    ],
)
def test_the_base_has_its_own_word(models, found, marker_there, line, addopts, ini, expected):
    declaration = Declaration(
        (SHIP,),
        {},
        ini={"model": ini} if ini else {},
        tests={TEST: marker_there},
        addopts={"model": addopts} if addopts else {},
    )
    asked = Asked(TEST, {"model": "the head's marker's"})
    own = models(declaration, **({"model": line} if line else {}))
    assert own.of(SHIP, HEAD, asked).name == expected
    assert found.asked == [(expected, Path("/base/svc"))]
    own.of(SHIP, HEAD, asked)
    assert len(found.asked) == 1, "once a session"


def test_a_new_tests_marker_counts_for_both(models, found):
    assert models().of(SHIP, HEAD, Asked("test_new.py::test_it", {"model": "new"})).name == "new"


@pytest.mark.parametrize(
    ("asked", "line", "error"),
    [
        (Asked(TEST), None, ComparisonError),
        (Asked(TEST), "gone", ModelMissingError),
        (Asked("test_new.py", {"model": "gone"}), None, ModelMissingError),
    ],
)
def test_a_model_that_the_base_lacks_is_its_fault_where_its_own_files_name_it(models, found, asked, line, error):
    found.answers["gone"] = ModelMissingError("main has no model gone", cure="Name another.")
    declaration = Declaration((SHIP,), {}, ini={"model": "gone"}, tests={TEST: {}})
    with pytest.raises(ComparisonError, match="main has no model gone") as caught:
        models(declaration, **({"model": line} if line else {})).of(SHIP, HEAD, asked)
    assert type(caught.value) is error


def test_a_model_that_cannot_be_used_is_the_bases(models, found):
    found.answers["bundled"] = ModelError("/base/model_index.json is missing", cure="Save it again.")
    with pytest.raises(ComparisonError, match=r"the model of main \(bbbbbbbbbb\) cannot be used: model_index.json is"):
        models().of(SHIP, HEAD, Asked())


def test_a_word_that_is_none(models, found):
    declaration = Declaration((SHIP,), {}, tests={TEST: {"model": 5}})
    with pytest.raises(OptionError, match="5 is not a name or path"):
        models(declaration).of(SHIP, HEAD, Asked(TEST))


def test_what_is_no_folder_is_prepared_as_the_heads_are(models, found):
    found.answers["bundled"] = BaseModel(ModelSource("synthetic", "tiny"), "synthetic:tiny", "a note")
    own = models()
    assert own.of(SHIP, HEAD, Asked()) == NamedModel(
        "synthetic:tiny", Model(Path("/cache/synthetic:tiny"), "digest of synthetic:tiny")
    )
    assert own.notes == ["a note"]


def test_a_variant_with_its_own_weights_and_a_base_without_a_tree(models, found):
    own = models()
    assert own.of(dataclasses.replace(SHIP, needs_model=False), HEAD, Asked()) == NamedModel("own", Model(None, ""))
    own.base = dataclasses.replace(own.base, trees=None)
    assert own.of(SHIP, HEAD, Asked()).model == Model(Path("/head/model"), "digest of the head's")
    assert found.asked == []


def test_the_difference(models, tmp_path):
    own = models()
    for side, text in (("base", "1"), ("head", "22")):
        (tmp_path / side).mkdir()
        (tmp_path / side / "w").write_text(text)
    base = NamedModel("a", Model(tmp_path / "base", "1"))
    head = NamedModel("b", Model(tmp_path / "head", "2"))
    found = own.difference(base, head)
    assert (found.base, found.head, found.base_digest, found.head_digest) == ("a", "b", "1", "2")
    assert [one.path for one in found.files] == ["w"]
    assert (found.base_bytes, found.head_bytes) == (1, 2)
    assert own.difference(base, NamedModel("renamed", base.model)) is None
    weights = own.difference(NamedModel("own", Model(None, "")), head)
    assert (weights.files, weights.base_bytes, weights.is_of_work) == ([], 0, True)
    assert own.difference(NamedModel("own", Model(None, "")), NamedModel("own", Model(None, ""))) is None
