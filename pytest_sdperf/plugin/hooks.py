"""The pytest hooks: options, markers, skips and the report; nothing is measured or judged here."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.options import resolve
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.plugin import fixtures, hookspecs
from pytest_sdperf.plugin.command_line import levels
from pytest_sdperf.plugin.conftest_path import conftest_path
from pytest_sdperf.plugin.elsewhere import refusal
from pytest_sdperf.plugin.fail_or_skip import fail, failures_reported, one_line, refuse, skip, usage_error
from pytest_sdperf.plugin.markers import requirement_of
from pytest_sdperf.plugin.results import RESULTS, Results
from pytest_sdperf.plugin.reviewer_notes import WITHOUT_FLAG
from pytest_sdperf.plugin.run import RUN, Run
from pytest_sdperf.plugin.tree_environment import watch_environment
from pytest_sdperf.report.formats import check_renderings

_LOG_WIDTH = 160
"""Columns: the summary table in full."""

MARKERS = (
    "sdperf(max_slowdown, min_ssim, …): thresholds and sampling of the cases in this test; see the options",
    "requires_amx: the test needs AMX: CPU flags, kernel permission, library and a real kernel",
    "requires_isa(name): the test needs an instruction set, such as avx512_bf16 or avx512_bf16|amx",
    "requires_cores(n): the test needs n usable physical cores (affinity and cgroup quota count)",
    "requires_memory(size): the test needs that much usable memory, such as 16GiB",
    "requires_package(spec): the test needs an installed package, such as openvino>=2026",
)


AGAIN = "this test has failed in this run already, and running it again (--reruns, say) does not change that:"

_PROBLEMS = pytest.StashKey[list[str]]()
"""Problems that came up after the tests."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    watch_environment(pluginmanager)
    group = parser.getgroup("sdperf", "Stable Diffusion on CPUs: speed and picture gate")
    for spec in SPECS:
        if not spec.on_command_line:
            continue
        parser.addini(spec.ini_key, spec.help.replace("%%", "%"), default="")
        if spec.is_flag:
            group.addoption(spec.flag, dest=spec.dest, action="store_const", const=True, default=None, help=spec.help)
        else:
            group.addoption(spec.flag, dest=spec.dest, default=None, metavar=spec.metavar, help=spec.help)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    try:
        options = resolve(**levels(config))
        if options.sdperf:
            check_renderings(options)
    except SdperfError as error:
        raise usage_error(error) from None
    elsewhere = refusal(config.option, is_worker=hasattr(config, "workerinput"))
    if options.sdperf and elsewhere:
        raise usage_error(elsewhere)
    config.stash[RESULTS] = Results()
    run = config.stash[RUN] = Run(config, options)
    config.pluginmanager.register(_Collector(config), "sdperf-collector")
    if options.sdperf:
        from pytest_sdperf.plugin.last_word import LastWord

        config.pluginmanager.register(run.fates, "sdperf-fates")
        config.pluginmanager.register(run.promises, "sdperf-promises")
        config.pluginmanager.register(LastWord(config), "sdperf-last-word")


class _Collector:
    """Turns declared variants into fixtures, whenever their plugin or conftest turns up."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run = config.stash[RUN]
        self._complete = False
        self._asked: set[object] = set()
        self._problems: list[str] = []
        "declarations that cannot be used: a usage error when all is collected (pytest blames a file for earlier ones)"
        for plugin in config.pluginmanager.get_plugins():
            self.pytest_plugin_registered(plugin)

    def _register(self, names: list[str], origin: str) -> None:
        if names:
            # The name must not end as the origin does: pytest takes "…/conftest.py" for a conftest's scope.
            self._config.pluginmanager.register(fixtures.fixtures_for(names), f"sdperf-fixtures-{origin}-")

    def pytest_plugin_registered(self, plugin: object) -> None:
        hook = getattr(plugin, "pytest_sdperf_variants", None)
        if hook is None or plugin is hookspecs or id(plugin) in self._asked:
            return
        self._asked.add(id(plugin))
        origin = str(getattr(plugin, "__file__", None) or getattr(plugin, "__name__", plugin))
        try:
            path = conftest_path(plugin, self._config.rootpath)
            self._register(self._run.registry.add(hook(), origin=origin, import_path=path), origin)
        except SdperfError as error:
            self._problems.append(str(error) if origin in str(error) else f"{origin}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever people's code raises is reported by name, not as our traceback
            self._problems.append(
                f"pytest_sdperf_variants of {origin} raised {type(error).__name__}: {error}. "
                "Let it return a list of pytest_sdperf.Variant."
            )

    def pytest_collect_file(self) -> None:
        """Variants not yet asked for wait for the first file: pytest in an empty folder starts as fast as without us.

        Entry points are read here too: scanning the distributions takes milliseconds.
        """
        if self._complete:
            return
        self._complete = True
        from pytest_sdperf.variants.registry import BUILT_IN

        self._register(list(BUILT_IN), "built-in")
        try:
            self._register(self._run.registry.add_entry_points(), "entry-points")
        except SdperfError as error:
            self._problems.append(str(error))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Names are checked when all that declares them is collected, and before any test is deselected."""
        if self._problems:
            raise usage_error(*self._problems)
        run = self._run
        try:
            run.read_rules()
        except SdperfError as error:
            raise usage_error(error) from None
        options = run.options
        try:
            for name in options.variants:
                run.registry[name]
        except SdperfError as error:
            raise usage_error(f"--sdperf-variants: {error}") from None
        try:
            # Where nothing is measured, nothing is compared: so a revision is collected whose ini names an target.
            _ = None if self._config.getoption("collectonly") else run.target
        except SdperfError as error:
            raise usage_error(error) from None
        if not options.require:
            return
        from pytest_sdperf.hardware.requirements import validate_required

        declared = [need for name in run.registry for need in run.registry[name].requirements]
        declared += [need for item in items for mark in item.iter_markers() if (need := _understood(mark))]
        try:
            validate_required(options.require, declared=declared)
        except SdperfError as error:
            raise usage_error(error) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    run = config.stash[RUN]
    if not run.options.sdperf:
        return None
    from pytest_sdperf.hardware.detection import detect
    from pytest_sdperf.hardware.machine import machine_key

    options = run.options
    of = f" as {options.baselines_from} has them" if options.baselines_from else ""
    line = one_line(f"sdperf: {machine_key(detect())}, model {options.model}, baselines in {options.baselines}{of}")
    try:
        against = run.target
    except SdperfError:
        against = None  # reported as a usage error when the tests are collected
    if against is None:
        return line
    return f"{line}\n" + one_line(f"sdperf: {against.head_label} side by side with {against.label}")


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    run = config.stash[RUN]
    if not run.options.sdperf:
        return None
    from pytest_sdperf.plugin.time_limits import too_short

    note = too_short(config, [item for item in items if run.measures(item)], run.options)
    if not note:
        return None
    run.early_notes.append(note)
    return one_line(f"sdperf: NOTE {note}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    run = item.config.stash[RUN]
    run.current = item
    ours = run.measures(item)
    if ours and not run.options.sdperf:
        skip(fixtures.NEEDS_FLAG)
    if failures := item.config.stash[RESULTS].failures(item.nodeid):
        fail(f"{AGAIN} {'; '.join(failures)}")
    if ours:
        run.options_for(item)  # a marker that says nothing sensible fails its test, whatever that test does
    with failures_reported(item):
        needs = [n for mark in item.iter_markers() if (n := requirement_of(mark)) is not None]
    if not needs:
        return
    from pytest_sdperf.hardware import checks

    # The deep layers of AMX start a process, which only --sdperf allows.
    amx_unmet = None if run.options.sdperf else checks.flags
    with failures_reported(item):
        unmet = [u for need in needs if (u := checks.check(need, amx_unmet=amx_unmet))]
    refuse(unmet, run.options)


def _understood(mark: pytest.Mark) -> str | None:
    """The requirement that a marker states; None for one that is written wrongly, which fails its own test."""
    from pytest_sdperf.hardware.requirements import parse

    try:
        need = requirement_of(mark)
        return parse(need).text if need else None
    except SdperfError:
        return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    run = item.config.stash[RUN]
    try:
        yield
    except BaseException:
        run.judge_measured(item, body_passed=False)
        raise
    run.judge_measured(item, body_passed=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    run = config.stash[RUN]
    report = run.report()
    if report is None:
        for name in () if run.options.sdperf else ("baselines_from", "against"):
            if levels(config)["command_line"][name]:
                terminalreporter.write_line(f"sdperf: NOTE {WITHOUT_FLAG.format(name.replace('_', '-'))}", yellow=True)
        return
    from pytest_sdperf.report import terminal
    from pytest_sdperf.report.github_job import annotated

    terminalreporter.section("sdperf")
    writer = config.get_terminal_writer()
    # A log has no width: there the table has all its columns, unless somebody says how wide it may be.
    known = terminalreporter.isatty or "COLUMNS" in os.environ
    width = writer.fullwidth if known else max(writer.fullwidth, _LOG_WIDTH)
    text = terminal.render(report, width=width, colour=writer.hasmarkup, verbosity=config.get_verbosity())
    terminalreporter.write(text)
    for problem in config.stash.get(_PROBLEMS, []):
        terminalreporter.write_line(f"ERROR: {one_line(problem)}", red=True)
    for sentence in config.stash[RESULTS].hidden():
        terminalreporter.write_line(f"ERROR: {one_line(sentence)}", red=True)
    terminalreporter.write(annotated(report, config.rootpath, os.environ))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    problems = session.config.stash[RUN].finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
    if problems:
        # An exception here would cost people the summary of all that was measured.
        session.config.stash[_PROBLEMS] = problems
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
