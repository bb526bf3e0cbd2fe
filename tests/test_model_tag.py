"""The model in a case's name."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.model_tag import model_tag


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("bundled", "bundled"),
        ("own", "own"),
        ("synthetic:tiny", "synthetic-tiny"),
        ("synthetic:sd15", "synthetic-sd15"),
        ("ours", "ours"),
        ("models/v1/diffusers", "models--v1--diffusers"),
        ("a/sd-turbo", "a--sd-turbo"),
    ],
)
def test_a_plain_name_is_its_own_tag(name, tag):
    assert model_tag(name) == tag


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("./bundled", "bundled"),
        ("synthetic-tiny", "synthetic-tiny"),
        ("./synthetic:tiny", "synthetic-tiny"),
        ("stabilityai/SD_Turbo@v1.5", "sd-turbo-v1-5"),
        ("/data/sd-turbo", "sd-turbo"),
        ("../../models/sd-turbo", "sd-turbo"),
        ("modèle/été", "t"),
        ("模型/版本", "model"),
        ("///", "model"),
        ("\udcff", "model"),
        ("a" * 61, "a" * 40),
        ("very/" * 20 + "deep", "deep"),
    ],
)
def test_another_name_is_its_last_part_and_a_digest(name, tail):
    assert re.fullmatch(re.escape(tail) + "_[0-9a-f]{8}", model_tag(name))


COLLIDING = [
    ["a/sd-turbo", "b/sd-turbo", "sd-turbo", "a-sd-turbo", "a--sd-turbo", "/a/sd-turbo"],
    ["a/b--c", "a--b/c", "a/b/c", "a--b--c", "a-b-c", "a/b-c"],
    ["synthetic:tiny", "synthetic-tiny", "synthetic/tiny", "./synthetic:tiny"],
    ["bundled", "./bundled", "Bundled", "bundled@main"],
    ["Models/ours", "models/ours", "models/Ours"],
    ["x" * 100 + "a", "x" * 100 + "b"],
    ["é", "è", "e"],
    ["v1.5", "v1-5", "v1_5", "v1 5"],
]


@pytest.mark.parametrize("names", COLLIDING)
def test_names_that_look_alike_have_other_tags_also_without_capitals(names):
    assert len({model_tag(name).lower() for name in names}) == len(names)


def test_composed_and_decomposed_letters_are_one_name():
    assert model_tag(unicodedata.normalize("NFD", "models/é")) == model_tag(unicodedata.normalize("NFC", "models/é"))


@given(st.text(max_size=300), st.text(max_size=300))
def test_every_tag_is_safe_in_a_files_name_and_short_and_unlike_others(one, other):
    tag = model_tag(one)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", tag)
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert same == (tag == model_tag(other))
