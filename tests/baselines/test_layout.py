import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.baselines.layout import laid_out


def test_samples_stay_on_one_line():
    value = {
        "a": {"x": [1, 2, 3], "y": {}},
        "b": [{"total_ns": 5, "stages": {"unet": [1, 2]}}, {"total_ns": 6}],
        "c": [],
    }
    assert laid_out(value) == (
        "{\n"
        '  "a": {\n'
        '    "x": [1, 2, 3],\n'
        '    "y": {}\n'
        "  },\n"
        '  "b": [\n'
        '    {"total_ns": 5, "stages": {"unet": [1, 2]}},\n'
        '    {"total_ns": 6}\n'
        "  ],\n"
        '  "c": []\n'
        "}\n"
    )


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        laid_out({"a": float("nan")})


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
values = st.recursive(plain, lambda v: st.one_of(st.lists(v), st.dictionaries(st.text(), v)), max_leaves=20)


@given(values)
def test_it_is_json_of_the_same_value(value):
    assert json.loads(laid_out(value)) == value
