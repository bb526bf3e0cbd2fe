"""The run's state apart from what whole sessions show: its target, and calls at the wrong time."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.base import target as targets
from pytest_sdperf.base.target import Target
from pytest_sdperf.options import Options
from pytest_sdperf.plugin.results import RESULTS, Results
from pytest_sdperf.plugin.run import Run

SAME = Target(None, None, None, control=False)


@pytest.fixture
def make_run(tmp_path):
    results = Results()

    def make_run(**options):
        config = SimpleNamespace(stash={RESULTS: results}, rootpath=tmp_path)
        return Run(config, Options(**options))

    yield make_run
    results.home.close()


@pytest.fixture
def found(monkeypatch):
    """What the options' names lead to; ``asked`` has each question."""
    found = SimpleNamespace(target=SAME, asked=[])

    def target_of(against, python, rootdir, environ):
        found.asked.append((against, python))
        return found.target

    monkeypatch.setattr(targets, "target_of", target_of)
    return found


class TestTarget:
    @pytest.mark.parametrize("options", [{"against": "main"}, {"sdperf": True}])
    def test_there_is_none_where_nothing_is_measured_or_nothing_is_named(self, make_run, found, options):
        assert make_run(**options).target is None
        assert found.asked == []

    @pytest.mark.parametrize("named", [{"against": "main"}, {"against_python": "python3.12"}])
    def test_it_is_looked_for_once(self, make_run, found, named):
        run = make_run(sdperf=True, **named)
        assert run.target == run.target == SAME
        assert found.asked == [(named.get("against"), named.get("against_python"))]
        assert run.early_notes == []

    def test_its_libraries_are_as_the_options_want_them(self, make_run, found):
        assert make_run(sdperf=True, against="main", base_env="build").target.libraries.base_env == "build"

    def test_another_base_than_the_named_one_is_noted(self, make_run, found):
        found.target = Target(None, None, None, control=False, note="main is the head, so its parent is taken")
        run = make_run(sdperf=True, against="main")
        assert run.target is not None
        assert run.early_notes == ["main is the head, so its parent is taken [--sdperf-against=main]"]

    def test_nothing_was_there_before_the_head(self, make_run, found):
        found.target = Target(None, None, None, control=False, note="the first commit", is_missing=True)
        run = make_run(sdperf=True, against="auto")
        assert run.target is None
        [note] = run.early_notes
        assert note.startswith("the first commit: there is no base to measure side by side with, so that latency")


def test_nothing_can_be_judged_before_anything_was_measured(make_run):
    with pytest.raises(RuntimeError, match="no case was measured"):
        make_run(sdperf=True).judge(SimpleNamespace(nodeid="t"), None, Options())


def test_a_forked_process_does_not_end_what_it_has_not_begun(make_run, monkeypatch, tmp_path):
    run = make_run(sdperf=True, json="out.json")
    monkeypatch.setattr(type(run._results.home), "is_here", False)
    assert run.finish() == []
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.exit.Exception])
def test_what_was_at_work_when_the_run_was_ended(make_run, monkeypatch, error):
    run = make_run(sdperf=True)
    cleared = []
    monkeypatch.setattr(run._reporter, "clear", lambda: cleared.append(True))
    with run.at_work("boat"):
        pass
    assert run._unfinished is None
    with pytest.raises(error), run.at_work("ship"):
        raise error("enough")
    assert (run._unfinished, cleared) == ("ship", [True, True])
