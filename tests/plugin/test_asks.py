"""What the code of a test says of it before it runs: that it checks, only measures, or asks for fixtures by name."""

import functools
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.plugin import asks as module
from pytest_sdperf.plugin.asks import never_runs

HELPERS = ModuleType("helpers")


def asks_of(item):
    return module.asks_of(item, is_ours=item.is_ours)


class Item(SimpleNamespace):
    """A test; `is_ours` says whether it bears our marker or asks for a variant."""

    def __init__(self, *, is_ours=True, marks=(), **more):
        super().__init__(is_ours=is_ours, marks=[mark.mark for mark in marks], **more)

    def iter_markers(self, name):
        return (mark for mark in self.marks if mark.name == name)

    def get_closest_marker(self, name):
        return next(self.iter_markers(name), None)


def checks(sd_ship):
    sd_ship.check()


def measures(sd_ship):
    sd_ship.measure()


def asks_by_name(request):
    request.getfixturevalue("sd_ship").check()


def nothing():
    pass


def calls_a_helper(sd_ship):
    checks(sd_ship)


def calls_a_helpers_helper(sd_ship):
    calls_a_helper(sd_ship)


def calls_one_too_far(sd_ship):
    calls_a_helpers_helper(sd_ship)


def calls_far_too_far(sd_ship):
    calls_one_too_far(sd_ship)


def calls_a_module_of_helpers(sd_ship):
    HELPERS.judge(sd_ship)


def calls_nothing_known(sd_ship):
    HELPERS.absent(sd_ship)


def checks_within(sd_ship):
    def later():
        sd_ship.check()

    later()


def calls_itself(sd_ship):
    return sd_ship.measure() or calls_itself(sd_ship)


HELPERS.judge = checks


@functools.wraps(checks)
def wrapped(*args):
    return args


class InAClass:
    def checks(self, sd_ship):
        sd_ship.check()

    @staticmethod
    def checks_statically(sd_ship):
        sd_ship.check()

    def test_by_a_method(self, sd_ship):
        self.checks(sd_ship)

    def test_by_a_static_method(self, sd_ship):
        self.checks_statically(sd_ship)

    def test_by_none(self, sd_ship):
        self.absent(sd_ship.measure())


@pytest.mark.parametrize(
    ("function", "asks"),
    [
        (checks, "check"),
        (measures, "measure"),
        (calls_a_helper, "check"),
        (calls_a_helpers_helper, "check"),
        (calls_one_too_far, "check"),
        (calls_far_too_far, "unclear"),
        (calls_a_module_of_helpers, "check"),
        (calls_nothing_known, "unclear"),
        (checks_within, "check"),
        (calls_itself, "measure"),
        (wrapped, "check"),
        (functools.partial(checks, None), "check"),
        (InAClass().checks, "check"),
        (len, "unclear"),
        (None, "unclear"),
    ],
)
def test_of_a_test_that_uses_a_variant(function, asks):
    assert asks_of(Item(obj=function)) == asks


@pytest.mark.parametrize(
    ("name", "asks"),
    [("test_by_a_method", "check"), ("test_by_a_static_method", "check"), ("test_by_none", "measure")],
)
def test_methods_of_its_class_count(name, asks):
    assert asks_of(Item(obj=getattr(InAClass(), name), cls=InAClass)) == asks


def test_one_with_our_marker_judges_what_it_measures():
    assert asks_of(Item(obj=measures, marks=[pytest.mark.sdperf(min_ssim=0.9)])) == "check"


@pytest.mark.parametrize(
    ("function", "asks"),
    [(asks_by_name, "maybe_check"), (checks, ""), (nothing, ""), (lambda: asks_by_name(None), "maybe_check")],
)
def test_of_a_test_that_does_not_name_a_variant(function, asks):
    assert asks_of(Item(obj=function, is_ours=False)) == asks


@pytest.mark.parametrize(
    ("source", "asks"), [("getfixture('sd_ship').check()", "maybe_check"), ("1 + 1", "")], ids=["by-name", "other"]
)
def test_of_a_doctest(source, asks):
    dtest = SimpleNamespace(examples=[SimpleNamespace(source="1"), SimpleNamespace(source=source)])
    assert asks_of(Item(is_ours=False, obj=None, dtest=dtest)) == asks
    assert asks_of(Item(is_ours=False, obj=None, dtest=None)) == ""


def test_of_a_test_of_another_kind_that_only_runs():
    assert asks_of(Item(is_ours=False, runtest=lambda request: request.getfixturevalue("x"))) == "maybe"


def fixtures(*functions):
    return SimpleNamespace(name2fixturedefs={"gate": [SimpleNamespace(func=function) for function in functions]})


def test_its_fixtures_count_as_its_own_code():
    assert asks_of(Item(obj=nothing, is_ours=False, _fixtureinfo=fixtures(nothing, asks_by_name))) == "maybe_check"
    assert asks_of(Item(obj=nothing, _fixtureinfo=fixtures(checks))) == "check"
    assert asks_of(Item(obj=measures, _fixtureinfo=fixtures(checks))) == "both"


@pytest.mark.parametrize("module", ["_pytest.tmpdir", "pytest_sdperf.plugin.fixtures"])
def test_fixtures_of_pytest_and_ours_do_not(module):
    def of_a_library(request):
        request.getfixturevalue("x")

    of_a_library.__module__ = module
    assert asks_of(Item(obj=nothing, is_ours=False, _fixtureinfo=fixtures(of_a_library))) == ""


def test_a_fixture_of_no_module():
    def of_nowhere(request):
        request.getfixturevalue("x")

    of_nowhere.__module__ = None
    assert asks_of(Item(obj=nothing, is_ours=False, _fixtureinfo=fixtures(of_nowhere))) == "maybe"


@pytest.mark.parametrize(
    ("marks", "never"),
    [
        ([], False),
        ([pytest.mark.skip(reason="flaky")], True),
        ([pytest.mark.skipif(True, reason="always")], True),
        ([pytest.mark.skipif(False, reason="never"), pytest.mark.skipif(True, reason="always")], True),
        ([pytest.mark.skipif(False, reason="never")], False),
        ([pytest.mark.skipif("sys.version_info < (3, 12)", reason="who knows")], False),
        ([pytest.mark.skipif(condition=True, reason="always")], True),
        ([pytest.mark.skipif(condition=False, reason="never")], False),
        ([pytest.mark.skipif(["a cause"], reason="always")], True),
        ([pytest.mark.skipif(0, reason="never")], False),
        ([pytest.mark.skipif(False, True, reason="one of two")], True),
        ([pytest.mark.skipif(reason="always")], True),
        ([pytest.mark.xfail], False),
    ],
)
def test_what_its_markers_skip(marks, never):
    assert never_runs(Item(marks=marks)) is never
