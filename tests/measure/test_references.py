"""Where the truth of a picture comes from, with a session that is only told."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from pytest_sdperf.baselines.stored_pictures import load_reference, reference_path
from pytest_sdperf.case import Case
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measure.references import Found, _keys, find_references, store_references
from pytest_sdperf.measure.session import Drawn
from pytest_sdperf.measurement import Environment
from pytest_sdperf.options import Options
from pytest_sdperf.variant import Variant
from pytest_sdperf.workload import Workload

OPTIONS = Options()
HERE = Environment(machine_key="here", threads=2)
RANDOM = np.random.RandomState(0)
ONE = RANDOM.uniform(size=(8, 8, 3)).astype(np.float32)
TWO = RANDOM.uniform(size=(8, 8, 3)).astype(np.float32)
WORKLOAD = Workload(prompts=("a", "b"), sizes=((8, 8),))
TRACE = Path("trace.npz")
PICTURES = {"8x8/0": ONE, "8x8/1": TWO}

VARIANTS = {
    "fp32": Variant("fp32", "harbour:build"),
    "ours": Variant("ours", "harbour:build"),
    "whale": Variant("whale", "harbour:build", requirements=("package:no-such-whale",)),
    "calf": Variant("calf", "harbour:build", reference="whale"),
    "ship": Variant("ship", "harbour:build", reference=None),
}


@dataclass
class Session:
    registry: dict = field(default_factory=lambda: VARIANTS)
    seen: Drawn | None = None
    digest: str = "d" * 64
    drawn: list = field(default_factory=list)

    def seen_reference(self, case, options):
        return self.seen

    def draw_reference(self, case, options):
        self.drawn.append(case.variant.name)
        return Drawn(PICTURES, HERE, TRACE)

    def model_digest(self, name, options):
        return self.digest


@dataclass
class Measured:
    case: Case
    session: Session
    pictures: dict = field(default_factory=lambda: PICTURES)

    @property
    def measurement(self):
        return self

    environment = HERE


def measured(name, **session):
    return Measured(Case(VARIANTS[name], WORKLOAD, "m"), Session(**session))


def store(case, root):
    store_references(Found(None, _keys(case, OPTIONS), PICTURES, HERE), root)


def test_fp32_is_the_truth_until_its_picture_is_stored(tmp_path):
    case = measured("fp32")
    found = find_references(case, OPTIONS, tmp_path)
    assert found.truth.pictures is None
    assert found.truth.is_reference
    assert found.unstored is PICTURES
    store_references(found, tmp_path)
    again = find_references(case, OPTIONS, tmp_path)
    assert again.unstored is None
    assert again.truth.is_reference
    assert again.truth.eight_bit
    np.testing.assert_allclose(again.truth.pictures["8x8/0"], ONE, atol=0.5 / 255 + 1e-6)


def test_a_variant_without_reference_has_its_own_stored_picture(tmp_path):
    case = measured("ship")
    found = find_references(case, OPTIONS, tmp_path)
    assert (found.truth.pictures, found.truth.is_reference, found.unstored) == (None, False, PICTURES)
    store(case, tmp_path)
    assert find_references(case, OPTIONS, tmp_path).truth.pictures is not None


@pytest.fixture
def of_base(tmp_path_factory):
    """Pictures of the base arm, as files."""
    folder = tmp_path_factory.mktemp("base")
    files = {key: folder / f"{number}.npy" for number, key in enumerate(PICTURES)}
    for path in files.values():
        np.save(path, TWO)
    return files


@pytest.mark.parametrize("name", ["fp32", "ship"])
def test_the_base_arms_pictures_are_the_truth_of_a_variant_that_is_its_own(tmp_path, of_base, name):
    case = measured(name)
    found = find_references(case, OPTIONS, tmp_path, of_base)
    assert (found.truth.pictures["8x8/0"] == TWO).all()
    assert (found.truth.eight_bit, found.truth.own_picture) == (False, "the base's picture")
    assert found.truth.is_reference is (name == "fp32")
    assert found.unstored is PICTURES, "what is recorded is the head's"
    store(case, tmp_path)
    found = find_references(case, OPTIONS, tmp_path, of_base)
    assert (found.truth.eight_bit, found.truth.own_picture, found.unstored) == (True, "its own stored picture", None)


def test_the_base_arms_pictures_are_no_truth_for_others(tmp_path, of_base):
    assert find_references(measured("ours"), OPTIONS, tmp_path, of_base).truth.pictures is PICTURES
    assert find_references(measured("calf"), OPTIONS, tmp_path, of_base).truth.pictures is None


def test_what_the_session_drew_comes_before_what_is_stored(tmp_path):
    seen = Drawn({"8x8/0": TWO, "8x8/1": ONE}, HERE, TRACE)
    case = measured("ours", seen=seen)
    found = find_references(case, OPTIONS, tmp_path)
    assert (found.truth.pictures, found.unstored) == (seen.pictures, seen.pictures)
    store(case, tmp_path)
    found = find_references(case, OPTIONS, tmp_path)
    assert (found.truth.pictures, found.unstored, found.truth.eight_bit) == (seen.pictures, None, False)


def test_what_is_stored_comes_before_drawing(tmp_path):
    case = measured("ours")
    store(case, tmp_path)
    found = find_references(case, OPTIONS, tmp_path)
    assert found.truth.eight_bit
    assert case.session.drawn == []


def test_else_the_reference_is_drawn_now(tmp_path):
    case = measured("ours")
    found = find_references(case, OPTIONS, tmp_path)
    assert (found.truth.pictures, found.unstored, found.environment) == (PICTURES, PICTURES, HERE)
    assert case.session.drawn == ["ours"]


def test_a_reference_that_cannot_run_here_is_not_drawn(tmp_path):
    case = measured("calf")
    found = find_references(case, OPTIONS, tmp_path)
    assert (found.truth.pictures, found.unstored, case.session.drawn) == (None, None, [])


def test_one_missing_picture_makes_all_be_drawn_again(tmp_path):
    case = measured("ours")
    store(case, tmp_path)
    next(tmp_path.rglob("*.png")).unlink()
    assert find_references(case, OPTIONS, tmp_path).unstored is PICTURES


@pytest.mark.parametrize("name", ["fp32", "ship"])
def test_what_is_stored_of_its_own_pictures_is_the_truth_and_stays(tmp_path, name):
    case = measured(name)
    store(case, tmp_path)
    kept, gone = (reference_path(tmp_path, key) for key in _keys(case, OPTIONS).values())
    gone.unlink()
    bytes_before = kept.read_bytes()
    other = Measured(case.case, case.session, {"8x8/0": TWO, "8x8/1": ONE})
    found = find_references(other, OPTIONS, tmp_path)
    assert list(found.truth.pictures) == ["8x8/0"]
    np.testing.assert_allclose(found.truth.pictures["8x8/0"], ONE, atol=0.5 / 255 + 1e-6)
    assert found.truth.eight_bit
    store_references(found, tmp_path)
    assert kept.read_bytes() == bytes_before, "other cases are held against it"
    np.testing.assert_allclose(load_reference(tmp_path, _keys(case, OPTIONS)["8x8/1"]), ONE, atol=0.5 / 255 + 1e-6)


def test_nothing_new_writes_nothing(tmp_path):
    keys = _keys(measured("ours"), OPTIONS)
    store_references(Found(None, keys), tmp_path)
    store_references(Found(None, keys, PICTURES), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reference_belongs_to_the_weights_that_draw_it(tmp_path):
    store(measured("ours"), tmp_path)
    other = measured("ours", digest="e" * 64)
    assert find_references(other, OPTIONS, tmp_path).unstored is PICTURES
    here = _keys(measured("ours"), OPTIONS)["8x8/1"]
    there = _keys(other, OPTIONS)["8x8/1"]
    assert (here.variant, here.prompt) == ("fp32", "b")
    assert load_reference(tmp_path, there) is None
    path = next(p for p in tmp_path.rglob("*.png") if p.name == here.file_name)
    target = tmp_path / "references" / ("e" * 12)
    target.mkdir()
    path.rename(target / there.file_name)
    with pytest.raises(BaselineError, match="the reference is of model_digest"):
        load_reference(tmp_path, there)
