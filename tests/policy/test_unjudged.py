"""Tests of the base that a run did not judge: which are named, and in which words."""

import pytest

from pytest_sdperf.policy.unjudged import FINE, GONE, MEASURED, PARTLY, RAN, selected, uncalled, unjudged

MAIN = "main (0123456789)"


@pytest.mark.parametrize(
    ("asks", "fate", "reason"),
    [
        ("check", FINE, None),
        ("check", GONE, "are not collected here, so no limit applies"),
        (
            "maybe",
            GONE,
            "ask for their fixtures by name and are not collected here, so no limit applies if they measured",
        ),
        ("check", MEASURED, "call check there and only measure here, so that nothing of them was judged"),
        ("measure", MEASURED, None),
        ("maybe", MEASURED, None),
        ("both", MEASURED, "call check there and only measure here, so that nothing of them was judged"),
        ("maybe_check", MEASURED, "call check there and only measure here, so that nothing of them was judged"),
        (
            "unclear",
            MEASURED,
            "may call check there, as their code does not show, and only measure here: nothing of them was judged",
        ),
        ("check", PARTLY, "call check there and here also only measure cases, of which nothing was judged"),
        ("both", PARTLY, None),
        ("measure", PARTLY, None),
        ("maybe_check", PARTLY, None),
        ("unclear", RAN, "measured nothing here, so that nothing of them was judged"),
        ("maybe_check", RAN, None),
        ("check", RAN, "measured nothing here, so that nothing of them was judged"),
        ("measure", RAN, "measured nothing here, so that nothing of them was judged"),
        ("maybe", RAN, None),
        ("maybe", "because they were skipped (no AMX)", "this run did not judge, because they were skipped (no AMX)"),
    ],
)
def test_what_is_said_of_a_test(asks, fate, reason):
    assert unjudged({"t": asks}, {"t": fate}, MAIN) == ([f"tests of {MAIN} that {reason}: t"] if reason else [])


def test_one_note_for_each_reason_with_the_first_five_tests():
    names = [f"t{number}" for number in range(7)]
    fates = dict.fromkeys(names, GONE) | {"t3": "because the run ended before them"}
    assert unjudged(dict.fromkeys(names, "check"), fates, MAIN) == [
        f"tests of {MAIN} that are not collected here, so no limit applies: t0, t1, t2, t4, t5 and 1 more",
        f"tests of {MAIN} that this run did not judge, because the run ended before them: t3",
    ]


@pytest.mark.parametrize(
    ("asks", "fate", "how"),
    [
        ("check", RAN, "measured nothing"),
        ("check", MEASURED, "only measured"),
        ("both", RAN, "measured nothing"),
        ("both", MEASURED, "only measured"),
        ("maybe_check", MEASURED, "only measured"),
        ("maybe_check", RAN, None),
        ("measure", RAN, None),
        ("measure", MEASURED, None),
        ("unclear", MEASURED, None),
        ("check", FINE, None),
        ("check", PARTLY, None),
        ("check", "because they were skipped", None),
    ],
)
def test_what_is_said_of_a_check_that_was_not_reached(asks, fate, how):
    sentence = f"tests that call check in their code {how} in this run, so that nothing of them was judged: t"
    assert uncalled({"t": asks}, {"t": fate}) == ([sentence] if how else [])


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], "abcd"),
        ([""], "abcd"),
        (["t/x.py"], "abc"),
        (["t"], "abcd"),
        (["t/x.py::test_a"], "ab"),
        (["t/x.py::test_a[1]"], "b"),
        (["t/x.py::TestIt", "t/y.py"], "cd"),
        (["other"], ""),
    ],
)
def test_what_the_command_line_leaves_out_is_not_missed(arguments, names):
    tests = {"a": "t/x.py::test_a", "b": "t/x.py::test_a[1]", "c": "t/x.py::TestIt::test_c", "d": "t/y.py::test_d"}
    assert selected(tests.values(), arguments) == [tests[name] for name in names]
