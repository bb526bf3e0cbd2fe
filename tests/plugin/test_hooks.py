"""Hooks apart from what whole sessions show: notes before the tests, a second run of a failed test, markers."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options
from pytest_sdperf.plugin import hooks, time_limits
from pytest_sdperf.plugin.markers import requirement_of
from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.run import RUN
from pytest_sdperf.report.outcome import Report

TEST = "test_it.py::test_ship"


@pytest.fixture
def config(results):
    run = SimpleNamespace(
        options=Options(sdperf=True),
        early_notes=[],
        measures=lambda item: item == "ours",
        options_for=lambda item: None,
    )
    return SimpleNamespace(stash={RUN: run, RESULTS: results})


class TestLimitsThatAreTooShort:
    @pytest.fixture
    def looked_at(self, monkeypatch):
        looked_at = []

        def too_short(config, items, options):
            looked_at.extend(items)
            return "pytest-timeout ends t\nsoon"

        monkeypatch.setattr(time_limits, "too_short", too_short)
        return looked_at

    def test_they_are_said_before_the_tests_and_in_the_report(self, config, looked_at):
        said = hooks.pytest_report_collectionfinish(config, ["ours", "another's"])
        assert said == r"sdperf: NOTE pytest-timeout ends t\nsoon", "one line"
        assert looked_at == ["ours"]
        assert config.stash[RUN].early_notes == ["pytest-timeout ends t\nsoon"]

    def test_not_where_nothing_is_measured(self, config, looked_at):
        config.stash[RUN].options = Options()
        assert hooks.pytest_report_collectionfinish(config, ["ours"]) is None
        assert looked_at == []

    def test_nothing_is_too_short(self, config, monkeypatch):
        monkeypatch.setattr(time_limits, "too_short", lambda *args: "")
        assert hooks.pytest_report_collectionfinish(config, ["ours"]) is None
        assert config.stash[RUN].early_notes == []


def test_a_test_that_has_failed_does_not_run_again(config, results):
    item = SimpleNamespace(nodeid=TEST, config=config, location=("test_it.py", 7, "x"), user_properties=[])
    results.fail(item, "the mast broke", variant="ship")
    with pytest.raises(pytest.fail.Exception) as raised:
        hooks.pytest_runtest_setup(item)
    assert str(raised.value) == f"{hooks.AGAIN} ship: not measured: the mast broke"


class TestRequirementsOfMarkers:
    @pytest.mark.parametrize(
        ("mark", "need"),
        [
            (pytest.mark.requires_amx, "amx"),
            (pytest.mark.requires_isa("avx512_bf16"), "isa:avx512_bf16"),
            (pytest.mark.requires_cores(8), "cores:8"),
            (pytest.mark.skip, None),
        ],
    )
    def test_as_the_machine_is_asked(self, mark, need):
        assert requirement_of(mark.mark) == need

    @pytest.mark.parametrize(
        ("mark", "message"),
        [
            (
                pytest.mark.requires_amx(1),
                "@pytest.mark.requires_amx got (1,). Write it like @pytest.mark.requires_amx.",
            ),
            (
                pytest.mark.requires_memory,
                '@pytest.mark.requires_memory got nothing. Write it like @pytest.mark.requires_memory("16GiB").',
            ),
            (
                pytest.mark.requires_cores(n=8),
                "@pytest.mark.requires_cores got {'n': 8}. Write it like @pytest.mark.requires_cores(8).",
            ),
        ],
    )
    def test_one_that_is_written_wrongly(self, mark, message):
        with pytest.raises(OptionError) as raised:
            requirement_of(mark.mark)
        assert str(raised.value) == message
        assert hooks._understood(mark.mark) is None, "it fails its own test, and no other"


def test_failures_that_pytest_does_not_count_are_errors_of_the_summary(config, results, monkeypatch, tmp_path):
    item = SimpleNamespace(nodeid=TEST, location=("test_it.py", 7, "x"), user_properties=[])
    results.fail(item, "the mast broke", variant="ship")
    config.stash[RUN].report = lambda: Report([], errors=results.errors)
    config.get_terminal_writer = lambda: SimpleNamespace(fullwidth=80, hasmarkup=False)
    config.get_verbosity = lambda: 0
    config.rootpath = tmp_path
    lines = []
    reporter = SimpleNamespace(
        isatty=False,
        section=lines.append,
        write=lines.append,
        write_line=lambda line, red: lines.append(line),
    )
    hooks.pytest_terminal_summary(reporter, config)
    assert lines[0] == "sdperf"
    assert lines[-2] == (
        f"ERROR: {TEST} does not count as failed for pytest, and this failed the run: ship: not measured: the mast broke"
    )
