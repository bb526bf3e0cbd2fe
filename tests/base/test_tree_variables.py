"""Which environment variables the base's workers start with, and what is said of those that differ."""

import dataclasses

import pytest

from pytest_sdperf.base.tree_variables import HeadVariables, is_same_place, variables_of_base
from pytest_sdperf.base.trees import Trees


@pytest.fixture
def trees(tmp_path):
    for name in ("head", "base"):
        (tmp_path / name).mkdir()
    return Trees(tmp_path / "head", tmp_path / "base")


def test_variables_of_pytest_and_places_stay(trees):
    session = {"PWD": "/head", "PYTHONPATH": "/head", "PYTEST_VERSION": "8"}
    found = variables_of_base(session, HeadVariables({}, session), {"PWD": "/base", "PY_COLORS": "0"}, trees)
    assert (found.env, found.differing) == (session, {})


@pytest.mark.parametrize(
    ("start", "head", "base", "session", "expected"),
    [
        ({}, {"A": "2"}, {"A": "1"}, {"A": "2"}, {"A": "1"}),
        ({}, {"A": "2"}, {}, {"A": "2"}, {}),
        ({}, {}, {"A": "1"}, {}, {"A": "1"}),
        ({"A": "0"}, {"A": "2"}, {}, {"A": "2"}, {"A": "0"}),
        ({"A": "0"}, {"A": None}, {}, {}, {"A": "0"}),
        ({"A": "0"}, {}, {"A": None}, {"A": "0"}, {}),
        ({"A": "0"}, {}, {}, {"A": "0"}, {"A": "0"}),
    ],
    ids=["changed", "only-head", "only-base", "over-start", "removed-in-head", "removed-in-base", "untouched"],
)
def test_the_base_gets_what_its_own_conftests_set(trees, start, head, base, session, expected):
    found = variables_of_base(session, HeadVariables(start, head), base, trees)
    assert found.env == expected
    assert found.differing == ({} if expected == session else {"A": (expected.get("A"), session.get("A"))})


def test_what_a_test_has_set_since_stays_for_both(trees):
    session = {"A": "of a test", "B": "of a test"}
    found = variables_of_base(session, HeadVariables({}, {"A": "2"}), {"A": "1"}, trees)
    assert (found.env, found.differing) == (session, {})


@pytest.mark.parametrize(("head", "base"), [(None, {"A": "1"}), (HeadVariables({}, {"A": "2"}), None)])
def test_what_is_not_known_stays(trees, head, base):
    assert variables_of_base({"A": "2"}, head, base, trees).env == {"A": "2"}


def test_a_path_into_each_sides_own_tree_is_no_difference(trees):
    here, there = f"{trees.head}/data:{trees.head}", f"{trees.base}/data:{trees.base}"
    found = variables_of_base({"A": here}, HeadVariables({}, {"A": here}), {"A": there}, trees)
    assert (found.env, found.differing) == ({"A": there}, {})
    assert is_same_place(here, there, trees)
    assert not is_same_place(f"{trees.head}/a", f"{trees.base}/b", trees)
    assert not is_same_place(f"{trees.head}2", f"{trees.base}2", trees)
    assert not is_same_place(None, "", trees)


def test_a_folder_that_ended_with_the_collecting_process_is_not_handed_on(trees, tmp_path):
    (tmp_path / "mine").mkdir()
    here, gone = str(tmp_path / "mine"), str(tmp_path / "gone")
    found = variables_of_base({"A": here}, HeadVariables({}, {"A": here}), {"A": gone}, trees)
    assert (found.env, found.differing) == ({"A": here}, {})


def test_a_note_has_values_of_steering_variables_only(trees):
    head = {"OMP_NUM_THREADS": "4", "MINE": "secret", "HF_API_KEY": "2"}
    base = {"OMP_NUM_THREADS": "1", "KMP_BLOCKTIME": "0", "HF_API_KEY": "1"}
    found = variables_of_base(head, HeadVariables({}, head), base, trees)
    assert found.notes("main") == (
        "environment variables that conftests or plugins set, main -> head: "
        "HF_API_KEY, KMP_BLOCKTIME (0 -> unset), MINE, OMP_NUM_THREADS (1 -> 4)",
    )
    assert dataclasses.replace(found, differing={}).notes("main") == ()
