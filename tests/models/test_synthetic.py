from __future__ import annotations

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import synthetic
from pytest_sdperf.models.synthetic import build, recipe


def test_unknown_kind(tmp_path):
    with pytest.raises(ModelError, match=r"unknown synthetic model 'sdxl'. Use one of: sd15, tiny."):
        build("sdxl", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


def test_recipes_differ_and_repeat():
    assert recipe("tiny") == recipe("tiny") != recipe("sd15")


def test_the_seed_is_part_of_the_recipe(monkeypatch):
    before = recipe("tiny")
    monkeypatch.setattr(synthetic, "SEED", "another")
    assert recipe("tiny") != before
