"""Markers that nothing was compared with: which fail their test, which are named, and when that is known."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.plugin.promises import Promises

TEST = "test_it.py::test_ship"


class Node:
    """A test, or what markers stand on further up."""

    def __init__(self, nodeid=TEST, *marks, above=(), info=None):
        self.nodeid, self._marks, self._above = nodeid, [mark.mark for mark in marks], above
        if info is not None:
            self._fixtureinfo = info

    def iter_markers_with_node(self, name):
        for node in (self, *self._above):
            yield from ((node, mark) for mark in node._marks if mark.name == name)


def sdperf(**keywords):
    return pytest.mark.sdperf(**keywords)


def info(*names, asked=(), defs=()):
    """What pytest knows of a test's fixtures: all names, those that the test itself asks for, and (arguments, module)."""
    definitions = {}
    for number, (arguments, module) in enumerate(defs):

        def function():
            pass

        function.__module__ = module
        definitions[f"fixture_{number}"] = [SimpleNamespace(argnames=arguments, func=function)]
    return SimpleNamespace(names_closure=names, argnames=asked, name2fixturedefs=definitions)


@pytest.fixture
def results():
    return SimpleNamespace(outcomes=[], errors=[], unfinished={})


@pytest.fixture
def promises(results):
    return Promises(results)


def measured(results, nodeid=TEST):
    results.outcomes.append(SimpleNamespace(nodeid=nodeid))


def run(hook):
    """Play a wrapper around something that ends well."""
    next(hook)
    with pytest.raises(StopIteration):
        next(hook)


PROMISE = (
    "@pytest.mark.sdperf(min_ssim=0.99) promises something of the cases of this test, and it measured none. Let it "
    "call check or measure of a variant's fixture, let it skip where it cannot, or remove the limits."
)


def test_a_limit_on_a_test_that_measured_nothing_fails_it(promises):
    hook = promises.pytest_runtest_call(Node(TEST, sdperf(min_ssim=0.99)))
    next(hook)
    with pytest.raises(pytest.fail.Exception) as raised:
        next(hook)
    assert str(raised.value) == PROMISE
    assert promises.notes() == [], "the failure says it"


@pytest.mark.parametrize("kind", ["outcomes", "errors"])
def test_a_case_that_was_measured_or_failed_keeps_the_promise(promises, results, kind):
    getattr(results, kind).append(SimpleNamespace(nodeid=TEST))
    run(promises.pytest_runtest_call(Node(TEST, sdperf(min_ssim=0.99))))
    assert promises.notes() == []


def test_a_case_of_another_test_does_not(promises, results):
    measured(results, "test_it.py::test_boat")
    hook = promises.pytest_runtest_call(Node(TEST, sdperf(min_ssim=0.99)))
    next(hook)
    with pytest.raises(pytest.fail.Exception):
        next(hook)


def test_a_test_that_fails_by_itself_is_not_looked_at(promises):
    hook = promises.pytest_runtest_call(Node(TEST, sdperf(min_ssim=0.99)))
    next(hook)
    with pytest.raises(ZeroDivisionError):
        hook.throw(ZeroDivisionError)
    assert promises.notes() == []


def test_a_marker_without_limits_is_only_named(promises):
    run(promises.pytest_runtest_call(Node(TEST, sdperf(rounds=3, model="bundled"))))
    assert promises.notes() == [
        "@pytest.mark.sdperf(rounds=3, model='bundled') has no effect, because none of its tests measured anything: "
        f"{TEST}"
    ]


def test_a_limit_further_up_needs_one_test_that_measures(promises, results):
    above = Node("test_it.py", sdperf(min_ssim=0.99))
    run(promises.pytest_runtest_call(Node("test_it.py::test_a", above=[above])))
    assert promises.notes() == [
        "@pytest.mark.sdperf(min_ssim=0.99) has no effect, because none of its tests measured anything: test_it.py"
    ]
    measured(results)
    run(promises.pytest_runtest_call(Node(TEST, above=[above])))
    run(promises.pytest_runtest_call(Node("test_it.py::test_z", above=[above])))
    assert promises.notes() == []


def test_one_marker_at_several_places_is_one_note(promises):
    for place in ("", "a.py", "b.py", "c.py"):
        run(promises.pytest_runtest_call(Node(f"{place}::test", above=[Node(place, sdperf(min_psnr=40))])))
    [note] = promises.notes()
    assert note.endswith("none of its tests measured anything: the whole session, a.py, b.py and 1 more")


def test_markers_of_others_are_none_of_ours(promises):
    run(promises.pytest_runtest_call(Node(TEST, pytest.mark.requires_amx(min_ssim=1))))
    assert promises.notes() == []


USES = [
    info("gate", "sd_ship", asked=("gate",)),
    info("gate", asked=("gate",), defs=[(("request",), "test_it")]),
]


@pytest.mark.parametrize("fixtures", USES, ids=["a-variant", "by-name"])
def test_a_fixture_may_measure_until_it_is_torn_down(promises, results, fixtures):
    item = Node(TEST, sdperf(min_ssim=0.99), info=fixtures)
    run(promises.pytest_runtest_call(item))
    measured(results)
    run(promises.pytest_runtest_teardown(item))
    assert promises.notes() == []


@pytest.mark.parametrize("fixtures", USES, ids=["a-variant", "by-name"])
def test_a_fixture_that_did_not_measure_fails_then(promises, fixtures):
    item = Node(TEST, sdperf(min_ssim=0.99), info=fixtures)
    run(promises.pytest_runtest_call(item))
    hook = promises.pytest_runtest_teardown(item)
    next(hook)
    with pytest.raises(pytest.fail.Exception) as raised:
        next(hook)
    assert str(raised.value) == PROMISE


def test_not_of_a_test_that_failed_or_skipped(promises, results):
    results.unfinished[TEST] = ["ship"]
    run(promises.pytest_runtest_teardown(Node(TEST, sdperf(min_ssim=0.99), info=USES[0])))
    assert promises.notes() == []


@pytest.mark.parametrize(
    "fixtures",
    [
        info("sd_ship", asked=("sd_ship",)),
        info("tmp_path", asked=("tmp_path",), defs=[(("request",), "_pytest.tmpdir")]),
        info("sd_ship", asked=("sd_ship",), defs=[(("request",), "pytest_sdperf.plugin.fixtures")]),
        info("x", asked=("x",), defs=[((), "test_it")]),
    ],
    ids=["asked-for-by-the-test", "of-pytest", "ours", "asks-for-nothing"],
)
def test_other_fixtures_measure_nothing_later(promises, fixtures):
    item = Node(TEST, sdperf(min_ssim=0.99), info=fixtures)
    run(promises.pytest_runtest_teardown(item))
    hook = promises.pytest_runtest_call(item)
    next(hook)
    with pytest.raises(pytest.fail.Exception):
        next(hook)
