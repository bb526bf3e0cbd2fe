"""The numbers in arguments and answers, whatever holds them."""

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest

from pytest_sdperf.worker.leaves import (
    copied,
    float_type,
    is_floating,
    is_single,
    leaves,
    like,
    rounding,
    shapes,
    with_leaves,
)

A, B, IDS = np.zeros((2, 3), np.float32), np.ones(4, np.float16), np.arange(3)


class Pair(NamedTuple):
    left: Any
    right: Any


class Output(OrderedDict):
    """As those of diffusers and transformers: a mapping that has its values as attributes, too."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (A, [A]),
        ((A, {"ids": IDS, "text": "a ship", "deep": [B, None]}), [A, IDS, B]),
        (Pair(A, 7.5), [A, 7.5]),
        (Output(sample=A, hidden=(B,)), [A, B]),
        ([True, False, None, "x", object()], []),
        (np.array(["a"]), []),
        (np.ones(2, np.complex64), []),
    ],
)
def test_arrays_and_numbers_in_order(value, found):
    assert [id(one) for one in leaves(value)] == [id(one) for one in found]


@pytest.mark.parametrize(
    "value", [A, (A, {"ids": IDS, "text": "a ship"}), Pair(A, 7.5), Output(sample=A, hidden=(B,)), [A, (B, [IDS])]]
)
def test_others_take_their_place_and_the_container_stays_what_it_is(value):
    own = [*leaves(value)]
    new = [one + 1 for one in own]
    changed = with_leaves(value, iter(new))
    assert type(changed) is type(value)
    assert [id(one) for one in leaves(changed)] == [id(one) for one in new]
    assert [id(one) for one in leaves(value)] == [id(one) for one in own], "what was given is left alone"


def test_an_output_keeps_its_names():
    changed = with_leaves(Output(sample=A, text="x"), iter([B]))
    assert changed.sample is B
    assert changed.text == "x"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (5, True),
        (7.5, True),
        (np.float32(3), True),
        (np.array(3), True),
        (np.array([3, 3]), True),
        (np.array([3, 4]), False),
        (np.array([]), False),
        (np.array([[3, 3]]), False),
    ],
)
def test_one_number_for_each_picture_of_a_batch_is_one(value, is_one):
    assert is_single(value) is is_one


def test_copies_have_one_of_two_types():
    assert [copied(value).dtype for value in (A, B, IDS, 5, 7.5)] == [
        np.float32,
        np.float32,
        *[np.int64] * 2,
        np.float32,
    ]
    copy = copied(A)
    copy[0, 0] = 9
    assert A[0, 0] == 0


def test_floating_numbers():
    assert [is_floating(value) for value in (A, B, IDS, 5, 7.5)] == [True, True, False, False, False]


def test_rounding_is_that_of_the_type_but_float32s_at_best():
    single, half = np.finfo(np.float32).eps, np.finfo(np.float16).eps
    values = (5, IDS[0], 7.5, np.float64(7.5), np.float32(7.5), np.float16(7.5))
    assert [rounding(value) for value in values] == [0, 0, single, single, single, half]


def test_an_array_in_the_type_of_another():
    given = like(B, np.full(4, 1.5, np.float32))
    assert (given.dtype, given.tolist()) == (np.float16, [1.5] * 4)
    assert like(B, np.full(4, 1.5, np.float32), dtype=float_type(B)).dtype == np.float32


def test_shapes_for_people():
    assert shapes([A, B]) == "(2, 3), (4,)"
    assert shapes([]) == "none"
