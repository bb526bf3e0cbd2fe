import pytest

from pytest_sdperf.doctor import runnable as module
from pytest_sdperf.doctor.runnable import known_variants, runnable
from pytest_sdperf.errors import CaseError
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import BUILT_IN


def test_built_in_variants_are_known():
    registry, problems = known_variants()
    assert set(BUILT_IN) <= set(registry)
    assert registry.origin("fp32") == "pytest-sdperf"
    assert problems == []


def test_an_entry_point_that_cannot_be_loaded_is_told(monkeypatch):
    def add(_):
        raise CaseError("entry point x cannot be loaded", cure="Fix it.")

    monkeypatch.setattr(module.Registry, "add_entry_points", add)
    registry, problems = known_variants()
    assert "fp32" in list(registry)
    assert problems == ["entry point x cannot be loaded. Fix it."]


@pytest.mark.parametrize(
    ("needs", "unmet"),
    [
        ((), []),
        (("package:pytest",), []),
        (("package:pytest", "package:no-such-thing>=1", "cores:4000"), ["package:no-such-thing>=1", "cores:4000"]),
        (("nonsense",), ["nonsense"]),
    ],
)
def test_every_unmet_need_is_told(needs, unmet):
    (found,) = runnable([(Variant("ours", "a.b:c", requirements=needs), "here")])
    assert [u.requirement for u in found.unmet] == unmet
    assert found.origin == "here"
