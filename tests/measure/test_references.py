"""Where the truth of a picture comes from: values and files only."""

from pathlib import Path

import numpy as np
import pytest

from pytest_sdperf.baselines.stored_pictures import load_reference, reference_keys, reference_path
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measure.references import find_own_references, find_references, store_references
from pytest_sdperf.measure.sampling import Drawing
from pytest_sdperf.measurement import Environment
from pytest_sdperf.observations import NONE_NEW, NewReferences
from pytest_sdperf.variant import Variant
from pytest_sdperf.workload import Workload

HERE = Environment(machine_key="here", threads=2)
RANDOM = np.random.RandomState(0)
ONE = RANDOM.uniform(size=(8, 8, 3)).astype(np.float32)
TWO = RANDOM.uniform(size=(8, 8, 3)).astype(np.float32)
PICTURES = {"8x8/0": ONE, "8x8/1": TWO}
WORKLOAD = Workload(prompts=("a", "b"), sizes=((8, 8),))
OWN = [Variant("fp32", "harbour:build"), Variant("ship", "harbour:build", reference=None)]


def keys_of(variant="fp32", digest="d" * 64):
    return reference_keys(WORKLOAD, variant=variant, model_digest=digest, scheduler="PNDM")


def own(variant, root, *, drawn=PICTURES, of_base=None):
    keys = keys_of(variant.name)
    return find_own_references(variant, keys, root, drawn=drawn, environment=HERE, of_base=of_base or {})


def others(root, *, seen=None, draw=lambda: None, keys=None):
    return find_references(keys or keys_of(), root, seen=seen, draw=draw)


def store(root, variant="fp32"):
    store_references(NewReferences(keys_of(variant), PICTURES, HERE), root)


@pytest.fixture
def files(tmp_path_factory):
    """Files of pictures: files(first, second) -> picture key -> .npy."""

    def files(*pictures):
        folder = tmp_path_factory.mktemp("drawn")
        paths = {key: folder / f"{number}.npy" for number, key in enumerate(PICTURES)}
        for path, picture in zip(paths.values(), pictures, strict=True):
            np.save(path, picture)
        return paths

    return files


@pytest.fixture
def drawing(files):
    """What a reference variant drew."""
    return Drawing(files(TWO, ONE), HERE, Path("trace.npz"))


def same(found, expected):
    return found is not None and all((found[key] == expected[key]).all() for key in PICTURES)


SWAPPED = {"8x8/0": TWO, "8x8/1": ONE}


@pytest.mark.parametrize("variant", OWN)
def test_a_variant_is_its_own_truth_when_its_picture_is_stored(tmp_path, variant):
    found = own(variant, tmp_path)
    assert found.references.pictures is None
    assert found.references.is_reference is (variant.name == "fp32")
    assert found.new.pictures is PICTURES
    store_references(found.new, tmp_path)
    again = own(variant, tmp_path)
    assert again.new == NONE_NEW
    assert again.references.is_reference is (variant.name == "fp32")
    assert again.references.eight_bit
    np.testing.assert_allclose(again.references.pictures["8x8/0"], ONE, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("variant", OWN)
def test_the_bases_pictures_are_the_truth_of_a_variant_that_is_its_own(tmp_path, files, variant):
    of_base = files(TWO, TWO)
    found = own(variant, tmp_path, of_base=of_base)
    assert (found.references.pictures["8x8/0"] == TWO).all()
    assert (found.references.eight_bit, found.references.own_picture) == (False, "the base's picture")
    assert found.references.is_reference is (variant.name == "fp32")
    assert found.new.pictures is PICTURES, "what is recorded is the head's"
    store(tmp_path, variant.name)
    found = own(variant, tmp_path, of_base=of_base)
    assert found.references.eight_bit
    assert (found.references.own_picture, found.new) == ("its own stored picture", NONE_NEW)


@pytest.mark.parametrize("variant", OWN)
def test_what_is_stored_of_its_own_pictures_is_the_truth_and_stays(tmp_path, files, variant):
    store(tmp_path, variant.name)
    kept, gone = (reference_path(tmp_path, key) for key in keys_of(variant.name).values())
    gone.unlink()
    bytes_before = kept.read_bytes()
    found = own(variant, tmp_path, drawn=SWAPPED, of_base=files(TWO, TWO))
    assert list(found.references.pictures) == ["8x8/0"]
    np.testing.assert_allclose(found.references.pictures["8x8/0"], ONE, atol=0.5 / 255 + 1e-6)
    assert found.references.eight_bit
    store_references(found.new, tmp_path)
    assert kept.read_bytes() == bytes_before, "other cases are compared with it"
    stored = load_reference(tmp_path, keys_of(variant.name)["8x8/1"])
    np.testing.assert_allclose(stored, ONE, atol=0.5 / 255 + 1e-6)


def test_what_the_session_drew_comes_before_what_is_stored(tmp_path, drawing):
    found = others(tmp_path, seen=drawing)
    assert same(found.references.pictures, SWAPPED)
    assert found.new.pictures is found.references.pictures
    store(tmp_path)
    found = others(tmp_path, seen=drawing)
    assert same(found.references.pictures, SWAPPED)
    assert (found.new, found.references.eight_bit) == (NONE_NEW, False)


def test_what_is_stored_comes_before_drawing(tmp_path):
    store(tmp_path)
    found = others(tmp_path, draw=lambda: pytest.fail("it is stored"))
    assert found.references.eight_bit
    np.testing.assert_allclose(found.references.pictures["8x8/0"], ONE, atol=0.5 / 255 + 1e-6)


def test_else_the_reference_is_drawn_now(tmp_path, drawing):
    found = others(tmp_path, draw=lambda: drawing)
    assert same(found.references.pictures, SWAPPED)
    assert (found.new.pictures, found.new.environment) == (found.references.pictures, HERE)


def test_a_reference_that_cannot_run_here_is_not_drawn(tmp_path):
    found = others(tmp_path)
    assert (found.references.pictures, found.new) == (None, NONE_NEW)


def test_one_missing_picture_makes_all_be_drawn_again(tmp_path, drawing):
    store(tmp_path)
    next(tmp_path.rglob("*.png")).unlink()
    found = others(tmp_path, draw=lambda: drawing)
    assert same(found.new.pictures, SWAPPED)


def test_nothing_new_writes_nothing(tmp_path):
    store_references(NONE_NEW, tmp_path)
    store_references(NewReferences(keys_of(), PICTURES), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reference_belongs_to_the_weights_that_draw_it(tmp_path, drawing):
    store(tmp_path)
    elsewhere = keys_of(digest="e" * 64)
    assert same(others(tmp_path, keys=elsewhere, draw=lambda: drawing).new.pictures, SWAPPED)
    here, there = keys_of()["8x8/1"], elsewhere["8x8/1"]
    assert (here.variant, here.prompt) == ("fp32", "b")
    assert load_reference(tmp_path, there) is None
    path = next(p for p in tmp_path.rglob("*.png") if p.name == here.file_name)
    target = tmp_path / "references" / ("e" * 12)
    target.mkdir()
    path.rename(target / there.file_name)
    with pytest.raises(BaselineError, match="the reference is of model_digest"):
        load_reference(tmp_path, there)
