"""What becomes of the base's tests here, and which notes that makes."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.plugin import fates as module
from pytest_sdperf.plugin.fates import Fates

MAIN = "main (0123456789)"
SHIP, BOAT = "tests/test_it.py::test_ship", "tests/test_it.py::test_boat"
DID_NOT = f"tests of {MAIN} that this run did not judge, "


@pytest.fixture
def called(tmp_path, monkeypatch):
    """The command line, as `invocation` reads it; set it before the fates are asked."""
    called = SimpleNamespace(cwd=tmp_path, paths=[], options=[])
    monkeypatch.setattr(module, "invocation", lambda config: called)
    return called


@pytest.fixture
def fates(called, tmp_path):
    """Both tests are collected and kept."""
    fates = Fates(SimpleNamespace(rootpath=tmp_path), lambda item: False)
    collect(fates, SHIP, BOAT)
    return fates


def collect(fates, *nodeids, kept=None):
    items = [SimpleNamespace(nodeid=nodeid) for nodeid in nodeids]
    fates.pytest_collection_modifyitems(items)
    kept = items if kept is None else [item for item in items if item.nodeid in kept]
    fates.pytest_collection_finish(SimpleNamespace(items=kept))
    return items


def ended(fates, nodeid, outcome, *, when="call", longrepr=None, **more):
    """pytest reports one phase of a test."""
    fates.pytest_runtest_logreport(
        SimpleNamespace(
            nodeid=nodeid,
            when=when,
            failed=outcome == "failed",
            skipped=outcome == "skipped",
            longrepr=longrepr,
            **more,
        )
    )


def notes(fates, awaited=None, *, measured=(), judged=()):
    return fates.notes(awaited or {SHIP: "check"}, MAIN, measured, judged)


def test_a_judged_test_needs_no_note_whatever_became_of_it(fates):
    ended(fates, SHIP, "skipped", longrepr=("f.py", 1, "Skipped: no baseline"))
    assert notes(fates, judged={SHIP}) == []


def test_a_failed_test_speaks_for_itself_also_when_its_teardown_skips(fates):
    ended(fates, SHIP, "failed")
    ended(fates, SHIP, "skipped", when="teardown", longrepr=("f.py", 1, "Skipped: gone"))
    assert notes(fates) == []


def test_a_setup_that_fails_is_a_failure(fates):
    ended(fates, SHIP, "failed", when="setup")
    assert notes(fates) == []


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({SHIP}, "call check there and only measure here, so that nothing of them was judged"),
        (set(), "measured nothing here, so that nothing of them was judged"),
    ],
)
def test_one_that_passed_without_a_verdict(fates, measured, said):
    for when in ("setup", "call", "teardown"):
        ended(fates, SHIP, "passed", when=when)
    assert notes(fates, measured=measured) == [f"tests of {MAIN} that {said}: {SHIP}"]


@pytest.mark.parametrize(
    ("longrepr", "reason"),
    [
        (("f.py", 1, "Skipped: flaky"), "flaky"),
        (("f.py", 1, "Skipped: "), "no reason given"),
        ("unconditional", "unconditional"),
        (None, "no reason given"),
    ],
)
def test_one_that_was_skipped_says_why(fates, longrepr, reason):
    ended(fates, SHIP, "skipped", when="setup", longrepr=longrepr)
    assert notes(fates) == [f"{DID_NOT}because they were skipped ({reason}): {SHIP}"]


def test_a_teardown_that_skips_a_passed_test(fates):
    ended(fates, SHIP, "passed")
    ended(fates, SHIP, "skipped", when="teardown", longrepr=("f.py", 1, "Skipped: late"))
    assert notes(fates) == [f"{DID_NOT}because they were skipped (late): {SHIP}"]


@pytest.mark.parametrize(("given", "reason"), [("slow", "slow"), ("", "no reason given")])
def test_an_expected_failure_is_named_as_one(fates, given, reason):
    ended(fates, SHIP, "skipped", longrepr="AssertionError", wasxfail=given)
    assert notes(fates) == [f"{DID_NOT}because it is marked as expected to fail ({reason}): {SHIP}"]


def test_one_that_was_kept_and_never_ended(fates):
    ended(fates, SHIP, "passed", when="setup")
    assert notes(fates) == [f"{DID_NOT}because the run ended before them: {SHIP}"]


def test_one_that_is_not_collected(fates):
    collect(fates, BOAT)
    assert notes(fates) == [f"tests of {MAIN} that are not collected here, so no limit applies: {SHIP}"]


def test_one_that_is_deselected(fates):
    items = collect(fates, SHIP, BOAT, kept=[BOAT])
    fates.pytest_deselected(items[:1])
    assert notes(fates) == [f"{DID_NOT}because settings or a conftest of this change deselect them: {SHIP}"]


def test_one_that_is_taken_out_without_a_word(fates):
    collect(fates, SHIP, BOAT, kept=[BOAT])
    assert notes(fates) == [f"{DID_NOT}because a conftest or plugin takes them out of the collection: {SHIP}"]


@pytest.mark.parametrize(
    ("folder", "paths", "is_asked_for"),
    [
        (".", [], True),
        (".", ["."], True),
        ("tests", ["."], True),
        ("tests", [".."], True),
        ("tests", ["../.."], True),
        (".", ["tests"], True),
        (".", ["tests/../tests/test_it.py"], True),
        ("tests", ["test_it.py::test_ship"], True),
        (".", ["tests/test_it.py::test_boat"], False),
        (".", ["other"], False),
        (".", ["other", "tests/test_it.py"], True),
    ],
)
def test_only_what_the_command_line_asks_for_is_missed(fates, called, tmp_path, folder, paths, is_asked_for):
    called.cwd, called.paths = tmp_path / folder, paths
    collect(fates)
    assert bool(notes(fates)) is is_asked_for


def test_an_absolute_path(fates, called, tmp_path):
    collect(fates)
    called.paths = [str(tmp_path / "tests")]
    assert len(notes(fates)) == 1
    called.paths = [str(tmp_path / "other")]
    assert notes(fates) == []


@pytest.mark.parametrize(
    ("paths", "options", "is_narrowed"),
    [
        ([], [], False),
        (["tests"], [("-p", "no:x"), ("--ignore", "x")], False),
        (["tests/test_it.py::test_ship"], [], True),
        ([], [("-k", "ship")], True),
        ([], [("-m", "slow")], True),
        ([], [("--deselect", SHIP)], True),
    ],
)
def test_a_command_line_that_chooses_among_tests(fates, called, paths, options, is_narrowed):
    called.paths, called.options = paths, options
    assert fates.is_narrowed is is_narrowed


def test_collecting_is_done_when_the_tests_begin(fates):
    assert not fates.is_collected
    fates.pytest_runtestloop()
    assert fates.is_collected
