"""Limits of pytest-timeout that are shorter than a gate may need: where they are found, and what is said."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.options import Options
from pytest_sdperf.plugin.time_limits import too_short

TEST = "test_it.py::test_ship"


@pytest.fixture(autouse=True)
def _no_limit_of_this_session(monkeypatch):
    monkeypatch.delenv("PYTEST_TIMEOUT", raising=False)


def config(*, option=None, ini="", plugins=("timeout",)):
    return SimpleNamespace(
        pluginmanager=SimpleNamespace(hasplugin=lambda name: name in plugins),
        getoption=lambda name, default: option,
        getini=lambda name: {"timeout": ini}[name],
    )


def item(*marks, nodeid=TEST):
    return SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda name: next((m.mark for m in marks), None))


def timeout(*args, **keywords):
    return pytest.mark.usefixtures(*args, **keywords)  # any mark with these arguments


class TestTheLimit:
    @pytest.mark.parametrize(
        ("mark", "given", "shortest"),
        [
            ([timeout(30)], {"option": 600}, "30 s"),
            ([timeout(timeout=31)], {}, "31 s"),
            ([timeout()], {"option": 32}, "32 s"),
            ([], {"option": 33, "ini": "5"}, "33 s"),
            ([], {"ini": "34"}, "34 s"),
            ([timeout(35.5)], {}, "35.5 s"),
        ],
    )
    def test_the_nearest_word_counts(self, mark, given, shortest):
        assert f"ends {TEST} after {shortest}," in too_short(config(**given), [item(*mark)], Options())

    def test_the_variable_comes_before_the_settings(self, monkeypatch):
        monkeypatch.setenv("PYTEST_TIMEOUT", "36")
        assert f"ends {TEST} after 36 s," in too_short(config(ini="5"), [item()], Options())
        monkeypatch.setenv("PYTEST_TIMEOUT", "")
        assert f"ends {TEST} after 5 s," in too_short(config(ini="5"), [item()], Options())

    @pytest.mark.parametrize(
        ("mark", "given"),
        [
            ([], {}),
            ([timeout(0)], {"option": 5}),
            ([timeout(-1)], {}),
            ([timeout("soon")], {"option": 5}),
            ([timeout([])], {"option": 5}),
            ([timeout(600)], {}),
            ([timeout(5)], {"plugins": ()}),
        ],
        ids=["none", "zero", "negative", "no-number", "no-value", "as-long-as-needed", "without-the-plugin"],
    )
    def test_nothing_to_say(self, mark, given):
        assert too_short(config(**given), [item(*mark)], Options()) == ""


class TestTheNote:
    def test_of_recorded_runs(self):
        assert too_short(config(option=60), [item()], Options()) == (
            f"pytest-timeout ends {TEST} after 60 s, and a gate may take longer: one answer of a worker 600 s "
            "(--sdperf-timeout). What is ended has no verdict: raise that limit for these tests, --timeout=600 or "
            "@pytest.mark.timeout(600)"
        )

    @pytest.mark.parametrize("target", [{"against": "main"}, {"against_python": "python3.12"}])
    def test_side_by_side_the_pairs_take_their_time_too(self, target):
        note = too_short(config(option=900), [item()], Options(timeout=600, budget=1200, **target))
        assert "(--sdperf-timeout), and the pairs 1200 s (--sdperf-budget). What is ended" in note
        assert note.endswith("--timeout=1800 or @pytest.mark.timeout(1800)")
        assert too_short(config(option=1800), [item()], Options(timeout=600, budget=1200, **target)) == ""

    def test_the_limit_to_set_is_never_below_what_is_needed(self):
        note = too_short(config(option=60), [item()], Options(timeout=90.25))
        assert note.endswith("--timeout=91 or @pytest.mark.timeout(91)")

    def test_of_several_the_shortest_limit(self):
        items = [item(timeout(number), nodeid=f"t{number}") for number in (50, 40, 60, 700)]
        assert "ends t50, t40 and 1 more after 40 s," in too_short(config(), items, Options())
