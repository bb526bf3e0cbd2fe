import math

import pytest

from pytest_sdperf.wording import apart, listed, plain_share, plural, share_apart


@pytest.mark.parametrize(
    ("value", "limit", "decimals", "text"),
    [
        (0.97996, 0.98, 4, "0.97996"),
        (0.9421, 0.98, 4, "0.9421"),
        (0.98, 0.98, 4, "0.9800"),
        (1.4999, 1.5, 2, "1.4999"),
        (34.99, 35, 1, "34.99"),
        (1 - 1e-12, 1.0, 1, "0.999999999999"),
    ],
)
def test_a_missed_limit_never_reads_as_met(value, limit, decimals, text):
    assert apart(value, limit, decimals) == text


def test_share_beside_its_limit():
    assert share_apart(0.0912, 0.05) == "9.1 %"
    assert share_apart(0.05004, 0.05) == "5.004 %"
    assert share_apart(0.0704, 0.07) == "7.04 %", "0.07 * 100 is no round number in binary"


def test_shares_without_needless_zeros():
    assert [plain_share(s) for s in (0.05, 0.125, 2.0, 40.0, math.inf)] == ["5 %", "12.5 %", "200 %", "41x", "any size"]


def test_plural():
    assert [plural(n, "claim") for n in (1, 2)] == ["1 claim", "2 claims"]


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        ({1: "x", 2: "y", 3: "z", 4: "", 5: ""}, "1, 2, 3 and 2 more"),
    ],
)
def test_a_list_of_any_length_stays_short(items, text):
    assert listed(items) == text


def test_how_many_are_listed():
    assert listed("abc", 1) == "a and 2 more"
    assert listed("a", 1) == "a"
