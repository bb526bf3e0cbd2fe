import dataclasses
import importlib.metadata

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import BUILT_IN, ENTRY_POINT_GROUP, Registry

SHIP = Variant("ship", "harbour:build")
BOAT = Variant("boat", "harbour:build")


def test_the_built_in_ones_come_first_and_in_order():
    registry = Registry()
    registry.add(SHIP, origin="conftest.py")
    assert list(registry) == [*BUILT_IN, "ship"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_name_has_its_variant(name):
    assert Registry()[name].name == name


@pytest.mark.parametrize("given", [[SHIP, BOAT], (SHIP, BOAT), iter([SHIP, BOAT])])
def test_several_at_once(given):
    registry = Registry()
    assert registry.add(given, origin="here") == ["ship", "boat"]
    assert registry["boat"] == BOAT


@pytest.mark.parametrize("given", [None, 3, "ship", b"ship"])
def test_what_is_no_list_of_variants(given):
    with pytest.raises(CaseError) as raised:
        Registry().add(given, origin="conftest.py")
    assert str(raised.value) == (
        f"conftest.py gave {given!r} [conftest.py]. Give a pytest_sdperf.Variant, or a list of them."
    )


def test_a_list_of_something_else():
    with pytest.raises(CaseError, match=r"'boat' is not a variant \[here\]. Give pytest_sdperf.Variant objects."):
        Registry().add([SHIP, "boat"], origin="here")


def test_a_name_is_given_once():
    registry = Registry()
    registry.add(SHIP, origin="a.py")
    with pytest.raises(CaseError) as raised:
        registry.add(SHIP, origin="b.py")
    assert str(raised.value) == (
        "variant 'ship' is declared twice, by a.py and by b.py. Give one of them another name."
    )


def test_unknown_names_get_the_known_and_the_closest():
    with pytest.raises(CaseError) as raised:
        Registry()["openvno"]
    assert str(raised.value) == f"unknown variant 'openvno'. Known: {', '.join(BUILT_IN)}. Did you mean 'openvino'?"
    with pytest.raises(CaseError, match=r"_f32\.$"):
        Registry()["xyz"]


class Point:
    def __init__(self, name, declared):
        self.name, self.value, self._declared = name, f"{name}:v", declared

    def load(self):
        if isinstance(self._declared, Exception):
            raise self._declared
        return self._declared


@pytest.fixture
def points(monkeypatch):
    found = []
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found if group == ENTRY_POINT_GROUP else [])
    return found


def test_entry_points_give_one_or_several(points):
    points += [Point("one", SHIP), Point("more", [BOAT])]
    registry = Registry()
    assert registry.add_entry_points() == ["ship", "boat"]
    assert registry["ship"] == SHIP


def test_no_entry_points(points):
    assert Registry().add_entry_points() == []


def test_an_entry_point_that_cannot_be_loaded(points):
    points.append(Point("fleet", ImportError("no fleet")))
    with pytest.raises(CaseError) as raised:
        Registry().add_entry_points()
    assert str(raised.value) == (
        "entry point fleet (fleet:v) cannot be loaded: ImportError: no fleet. "
        "Fix or uninstall the package that declares it."
    )


def test_two_entry_points_of_one_name(points):
    points += [Point("one", SHIP), Point("two", SHIP)]
    with pytest.raises(CaseError, match=r"declared twice, by entry point one \(one:v\) and by entry point two"):
        Registry().add_entry_points()


def test_the_folders_of_a_declaration_are_its_variants_own():
    registry = Registry()
    registry.add(dataclasses.replace(SHIP, import_path=("/said",)), origin="a.py", import_path=("/a", "/"))
    registry.add(dataclasses.replace(BOAT, import_path=("/said",)), origin="b.py")
    assert (registry["ship"].import_path, registry["boat"].import_path) == (("/a", "/"), ())
