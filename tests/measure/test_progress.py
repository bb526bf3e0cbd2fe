"""What goes on and how long it should take: with a clock that is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.measure.progress import Progress, Reach, Step, clock_text, expected_end_s, unseen


@pytest.mark.parametrize(
    ("begun_s", "parts", "ends_s"),
    [
        ([0.0], 3, None),  # nothing is done
        ([0.0, 10.0], 3, 30.0),
        ([0.0, 10.0], 1, 10.0),
        ([0.0, 10.0, 16.0], 3, 24.0),  # 8 s a part
        ([5.0, 15.0], 2, 25.0),  # preparing took 5 s and is not repeated
        ([0.0, 10.0, 20.0, 30.0], 3, 30.0),
    ],
)
def test_parts_to_come_last_as_long_as_those_done(begun_s, parts, ends_s):
    assert expected_end_s(begun_s, parts) == ends_s


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=8), st.integers(0, 8))
def test_work_never_ends_before_what_is_done(durations_s, more):
    begun_s = [sum(durations_s[:count]) for count in range(len(durations_s) + 1)]
    ends_s = expected_end_s(begun_s, len(durations_s) + more)
    assert ends_s >= begun_s[-1]
    assert ends_s == pytest.approx(sum(durations_s) / len(durations_s) * (len(durations_s) + more))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0:00"), (0.99, "0:00"), (1.0, "0:01"), (59.99, "0:59"), (60.0, "1:00"), (754.0, "12:34"),
        (3599.9, "59:59"), (3600.0, "1:00:00"), (3723.0, "1:02:03"), (90_000.0, "25:00:00"),
    ],
)  # fmt: skip
def test_a_clock_shows_what_has_passed_in_full(seconds, text):
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "ship: building"),
        ({"elapsed_s": 0.9}, "ship: building"),
        ({"elapsed_s": 0.9, "ends_s": 0.9}, "ship: building"),
        ({"elapsed_s": 1.0}, "ship: building, 0:01"),
        ({"elapsed_s": 0.0, "ends_s": 36.0}, "ship: building, 0:00 of about 0:36"),
        ({"elapsed_s": 36.0, "ends_s": 36.0}, "ship: building, 0:36 of about 0:36"),
        ({"elapsed_s": 40.0, "ends_s": 36.0}, "ship: building, 0:40, longer than expected"),
        ({"elapsed_s": 72.0, "ends_s": 400.0, "at_most": True}, "ship: building, 1:12 of at most 6:40"),
        ({"elapsed_s": 401.0, "ends_s": 400.0, "at_most": True}, "ship: building, 6:41, longer than expected"),
    ],
)
def test_the_line_of_a_step(told, line):
    assert Step("ship", "building", **told).line == line


def test_a_course_tells_its_steps():
    told, now_s = [], [100.0]
    progress = Progress("ship", told.append, lambda: now_s[0])
    progress.part("process 1 of 2")
    now_s[0] += 2
    progress.phase("building")
    now_s[0] += 2
    progress.tick("round 1 of 5")
    now_s[0] += 2
    progress.done("process 1 of 2, 71 ms a picture", ends_s=12.0)
    progress.part("process 2 of 2", ends_s=12.0)
    progress.phase("building")
    assert [(step.reach, step.line) for step in told] == [
        (Reach.LIVE, "ship: process 1 of 2"),
        (Reach.LIVE, "ship: process 1 of 2: building, 0:02"),
        (Reach.TICK, "ship: process 1 of 2: round 1 of 5, 0:04"),
        (Reach.LOG, "ship: process 1 of 2, 71 ms a picture, 0:06 of about 0:12"),
        (Reach.LIVE, "ship: process 2 of 2, 0:06 of about 0:12"),
        (Reach.LIVE, "ship: process 2 of 2: building, 0:06 of about 0:12"),
    ]
    assert progress.elapsed_s == 6.0


def test_work_that_nobody_watches_shows_nothing(capsys):
    unseen(Step("ship", "building"))
    assert capsys.readouterr() == ("", "")
