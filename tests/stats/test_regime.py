"""Which pictures were drawn in another regime: tables."""

import msgspec
import pytest

from pytest_sdperf.measurement import ImageTiming, ProcessRun
from pytest_sdperf.other_regime import OtherRegime
from pytest_sdperf.stats.regime import (
    FEWEST,
    UNKNOWN,
    Usual,
    cost_of_other_regime,
    other_regime,
    readings_ns,
    usual,
)


def picture(*round_trip_ns, total_ns=100):
    return ImageTiming(total_ns, round_trip_ns=list(round_trip_ns))


def process(*timings, replaced=()):
    return ProcessRun(
        images={"64x64": list(timings)},
        warmup_ns={},
        startup_ns={},
        peak_rss_bytes=1,
        replaced={"64x64": list(replaced)} if replaced else {},
    )


@pytest.mark.parametrize(
    ("readings", "level"),
    [
        ([], None),
        ([100] * (FEWEST - 1), None),
        ([100] * FEWEST, 100),
        ([100] * 10 + [400] * 5, 100),
        ([100] * 5 + [400] * 10, 400),
        ([100] * 9 + [400] * 6, None),
        ([100] * 12 + [149, 68, 151, 66], 100),
    ],
)
def test_the_level_is_where_most_readings_lie(readings, level):
    assert usual(readings).round_trip_ns == level


@pytest.mark.parametrize(
    ("readings", "is_usual"),
    [
        ([100, 100], True),
        ([150, 67], True),
        ([151, 100], True),
        ([100, 151], True),
        ([66, 151], False),
        ([151, 152], False),
        ([], True),
    ],
)
def test_a_picture_is_of_another_regime_where_both_readings_are_beyond_half_as_much_again(readings, is_usual):
    assert Usual(100).includes(picture(*readings)) is is_usual


def test_where_no_level_is_known_everything_is_usual():
    assert UNKNOWN.includes(picture(1, 10_000))
    assert other_regime([process(picture(1, 10_000))], UNKNOWN) is None


def test_pictures_that_count_are_told_with_their_readings():
    runs = [process(picture(370, 384), picture(380, 390)), process(picture(100, 100), replaced=[picture(900, 900)])]
    assert other_regime(runs, Usual(86)) == OtherRegime(2, 3, 382, 86)
    assert other_regime(runs[1:], Usual(86)) is None


def test_a_picture_that_takes_long_is_not_of_another_regime():
    """The rules know the machine, not the latency."""
    assert other_regime([process(picture(100, 100), picture(100, 100, total_ns=10_000))], Usual(100)) is None


def test_readings_are_counted_once():
    runs = [process(picture(1, 2), picture(2, 3), replaced=[picture(7, 8)]), process(picture())]
    assert readings_ns(runs) == [1, 2, 7]


def test_the_cost_is_that_of_processes_that_saw_both(measured):
    both = process(picture(100, 100), picture(100, 100), replaced=[picture(400, 400, total_ns=150)])
    one = process(picture(400, 400, total_ns=900), picture())
    run = msgspec.structs.replace(measured(), processes=[both, one])
    assert cost_of_other_regime([run], Usual(100)) == 1.5
    assert cost_of_other_regime([run], UNKNOWN) is None
    assert cost_of_other_regime([], Usual(100)) is None
