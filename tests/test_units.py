import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf import units
from pytest_sdperf.errors import OptionError


@pytest.mark.parametrize(
    ("parse", "value", "expected"),
    [
        (units.parse_share, "5%", 0.05),
        (units.parse_share, 0.05, 0.05),
        (units.parse_share, " 12.5 % ", 0.125),
        (units.parse_share, "0", 0.0),
        (units.parse_share, 1, 1.0),
        (units.parse_share, "200 %", 2.0),
        (units.parse_factor, "1.5x", 1.5),
        (units.parse_factor, 3, 3.0),
        (units.parse_seconds, "20ms", 0.02),
        (units.parse_seconds, "10m", 600.0),
        (units.parse_seconds, "10min", 600.0),
        (units.parse_seconds, "2h", 7200.0),
        (units.parse_seconds, "7us", 7e-6),
        (units.parse_seconds, "7ns", 7e-9),
        (units.parse_seconds, 90, 90.0),
        (units.parse_seconds, "1e2s", 100.0),
        (units.parse_bytes, "16GiB", 16 << 30),
        (units.parse_bytes, "800MB", 800_000_000),
        (units.parse_bytes, "1.5KiB", 1536),
        (units.parse_bytes, "7B", 7),
        (units.parse_bytes, "2kB", 2000),
        (units.parse_bytes, "1TiB", 1 << 40),
        (units.parse_decibel, "40dB", 40.0),
        (units.parse_decibel, 40, 40.0),
        (units.parse_similarity, "0.97", 0.97),
        (units.parse_similarity, 1, 1.0),
        (units.parse_similarity, 0, 0.0),
        (units.parse_count, "3", 3),
        (units.parse_count, 1, 1),
        (units.parse_count, 4.0, 4),
    ],
)
def test_quantities_as_people_write_them(parse, value, expected):
    assert parse(value, where="here") == pytest.approx(expected)


QUANTITY = "is not a quantity"
RANGE = "is out of range"


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (units.parse_share, "5 percent", "'5 percent' has the unknown unit 'percent' [here]. Write it like \"5%\" or 0.05 (units: %)."),
        (units.parse_share, "-1", "'-1' is out of range [here]. Write it like \"5%\" or 0.05, 0 or more."),
        (units.parse_share, -0.1, "-0.1 is out of range"),
        (units.parse_share, "5", "'5' is above 1 and has no unit [here]. Write it like \"5%\" or 0.05."),
        (units.parse_share, 1.01, "1.01 is above 1 and has no unit"),
        (units.parse_share, "nan", "'nan' is not a quantity [here]. Write it like \"5%\" or 0.05."),
        (units.parse_share, float("nan"), "nan is not a quantity"),
        (units.parse_share, float("inf"), "inf is not a quantity"),
        (units.parse_share, "1e999", "'1e999' is out of range"),
        (units.parse_share, True, "True is not a quantity"),
        (units.parse_share, None, "None is not a quantity"),
        (units.parse_share, "", "'' is not a quantity"),
        (units.parse_factor, "0x", "'0x' is out of range [here]. A factor is above 0."),
        (units.parse_factor, "twice", "'twice' is not a quantity"),
        (units.parse_seconds, "5 days", "'5 days' has the unknown unit 'days'"),
        (units.parse_bytes, "16", "'16' has no unit [here]. Write it like \"16GiB\" or \"800MB\" (units: B, kB, MB"),
        (units.parse_bytes, "16 gib", "'16 gib' has the unknown unit 'gib'"),
        (units.parse_decibel, "40 W", "'40 W' has the unknown unit 'W' [here]. Write it like \"40dB\" or 40 (units: dB)."),
        (units.parse_similarity, 1.0001, "1.0001 is not an SSIM limit [here]. Write a number from 0 to 1, like 0.97."),
        (units.parse_similarity, "97%", "'97%' is not an SSIM limit"),
        (units.parse_count, 0, "0 is not a count [here]. Write a whole number of at least 1."),
        (units.parse_count, 2.5, "2.5 is not a count"),
        (units.parse_count, "3x", "'3x' is not a count"),
    ],
)  # fmt: skip
def test_what_is_none_says_so(parse, value, message):
    with pytest.raises(OptionError) as raised:
        parse(value, where="here")
    assert message in str(raised.value)


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.none(), st.booleans()))
def test_anything_is_a_sound_quantity_or_an_option_error(value):
    for parse in (units.parse_share, units.parse_seconds, units.parse_decibel, units.parse_similarity):
        try:
            number = parse(value, where="here")
        except OptionError:
            continue
        assert math.isfinite(number)
        assert number >= 0


@given(st.integers(min_value=0, max_value=10**15))
def test_bytes_read_back_exactly(count):
    assert units.parse_bytes(f"{count}B", where="") == count


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.3149, "2.31 s"), (0.0201, "20.1 ms"), (9.9e-7, "0.99 us"), (0.001, "1 ms"), (1.0, "1 s"), (999.4, "999 s"), (999.6, "1000 s"), (0.9994, "999 ms"), (0.9996, "1 s"), (0.0009996, "1 ms"), (1234.5, "1234 s"), (-0.02, "-20 ms")],
)  # fmt: skip
def test_seconds_in_the_unit_that_suits(seconds, text):
    assert units.format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (5 << 20, "5 MiB"), (5.25 * 2**30, "5.2 GiB"), (1 << 40, "1024.0 GiB")],
)  # fmt: skip
def test_bytes_in_binary_units(count, text):
    assert units.format_bytes(count) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0525, "+5.2 %"), (-0.1, "-10.0 %"), (0.0, "+0.0 %"), (-0.0004, "+0.0 %")]
)
def test_changes_are_signed(share, text):
    assert units.format_share(share) == text
