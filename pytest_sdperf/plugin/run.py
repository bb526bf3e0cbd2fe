"""State that the plugin keeps for one pytest run."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.options import Options, resolve
from pytest_sdperf.plugin.command_line import invocation, levels
from pytest_sdperf.plugin.fail_or_skip import described, fail, fail_where_broken, failures_reported, one_line, skip
from pytest_sdperf.plugin.markers import checked_keywords
from pytest_sdperf.plugin.progress_reporter import ProgressReporter
from pytest_sdperf.plugin.read_rules import read_rules
from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.reviewer_notes import NOTHING_BEFORE, gathered, interruption, report_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_sdperf.base.target import Target
    from pytest_sdperf.measure.session import Session
    from pytest_sdperf.observations import Measured
    from pytest_sdperf.plugin.base_tests import BaseTests
    from pytest_sdperf.plugin.fates import Fates
    from pytest_sdperf.plugin.promises import Promises
    from pytest_sdperf.policy.judged_by import JudgedBy
    from pytest_sdperf.report.outcome import Outcome, Report
    from pytest_sdperf.variant import Variant
    from pytest_sdperf.variants.registry import Registry

PREFIX = "sd_"
"""Of the fixtures' names."""


class Run:
    """State that the plugin keeps for one pytest run."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        self._reporter = ProgressReporter(config)
        self._session: Session | None = None
        self.current: pytest.Item | None = None
        "the test that runs"
        self._results = config.stash[RESULTS]
        self._report: tuple[object, Report | None] | None = None
        "what it was made of, and the report"
        self.fed: set[str] = set()
        "tests that pytest-benchmark shows a case of already"
        self._unjudged: list[tuple[pytest.Item, Measured, Options]] = []
        self._skips: list[tuple[pytest.Item, str]] = []
        self.judged_by: JudgedBy | None = None
        "the revision that judges; None where what is checked out does"
        self.early_notes: list[str] = []
        "what was found before anything was measured: another base than was named, limits that are too short"
        self._open = ExitStack()
        "what ends with the run, whether anything was measured or not"
        self._interrupted = False
        "True where the run ended before its last test: Ctrl-C, pytest.exit"
        self._tests_of_base: BaseTests | None = None
        self._unfinished: str | None = None
        "what was at work when somebody ended it"

    @cached_property
    def registry(self) -> Registry:
        """The variants known so far; made when the first is asked for, because every pytest run has one of these."""
        from pytest_sdperf.variants.registry import Registry

        return Registry()

    @cached_property
    def fates(self) -> Fates:
        """What becomes of each test; only under --sdperf, so that other runs start as fast as without us."""
        from pytest_sdperf.plugin.fates import Fates

        return Fates(self._config, self.measures)

    @cached_property
    def promises(self) -> Promises:
        """Markers, and whether anything was compared with what they say; only under --sdperf, too."""
        from pytest_sdperf.plugin.promises import Promises

        return Promises(self._results)

    @property
    def target(self) -> Target | None:
        """The target of the side-by-side comparison. Raises ComparisonError for one that cannot be compared with."""
        return self._named_target and self._named_target.with_libraries(self.options)

    @cached_property
    def _named_target(self) -> Target | None:
        options = self.options
        if not options.sdperf or (options.against is None and options.against_python is None):
            return None
        from pytest_sdperf.base.target import target_of

        found = target_of(options.against, options.against_python, self._config.rootpath, os.environ)
        if found is None or not found.note:
            return found
        if found.is_missing:
            self.early_notes.append(NOTHING_BEFORE.format(found.note))
            return None
        self.early_notes.append(f"{found.note} [--sdperf-against={options.against}]")
        return found

    def is_fixture(self, name: str) -> bool:
        """True for the fixture of a known variant."""
        return name.startswith(PREFIX) and name.removeprefix(PREFIX) in list(self.registry)

    def measures(self, item: pytest.Item) -> bool:
        """True for a test that is ours: it bears our marker, or asks for a variant."""
        return item.get_closest_marker("sdperf") is not None or bool(self.variants_of(item))

    def variants_of(self, item: pytest.Item) -> list[str]:
        """Names of the variants that a test asks for by its fixtures."""
        return [name.removeprefix(PREFIX) for name in getattr(item, "fixturenames", ()) if self.is_fixture(name)]

    def options_for(self, item: pytest.Item, variant: Variant | None = None) -> Options:
        """Options of one test: its nearest marker comes first, keyword by keyword, then those of ``variant``.

        Where another revision judges, its word counts.
        """
        keywords = checked_keywords(item)
        try:
            thresholds = variant.thresholds if variant else None
            given = levels(self._config)
            options = resolve(marker=keywords, variant=thresholds, **given)
            if self.judged_by:
                options = self.judged_by.options(options, item.nodeid, keywords, variant)
            is_asked_for = any(level.get("missing") for level in given.values())
            has_base = not self.options.against or self.target is not None
            # What has nothing to be compared with cannot fail.
            return options if has_base or is_asked_for else options._replace(missing="skip")
        except SdperfError as error:
            fail(error)

    def read_rules(self) -> None:
        """Read how another revision judges, where one is to. Raises ComparisonError and OptionError."""
        if rules := read_rules(self._config, self.options, self._open):
            self.judged_by, self.options = rules.judged_by, rules.options
            self.early_notes += rules.notes

    def session(self, make_work_dir: Callable[[], Path]) -> Session:
        """The session, begun when the first case is measured."""
        if self._session is None:
            from pytest_sdperf.measure.engine import Engine
            from pytest_sdperf.measure.session import Session
            from pytest_sdperf.plugin.upcoming import upcoming

            engine = Engine(
                registry=self.registry,
                rootdir=self._config.rootpath,
                work_dir=make_work_dir(),
                note=self._reporter.note,
                show=self._reporter.show,
            )
            engine.early.upcoming = lambda most: upcoming(self, self.current, most)
            rules = self.judged_by.base if self.judged_by else None
            self._session = Session(engine, target=self.target, invocation=invocation(self._config), rules=rules)
        return self._session

    @property
    def _begun(self) -> Session:
        """The session, once a case was measured."""
        if self._session is None:
            raise RuntimeError("no case was measured")
        return self._session

    def measured(self, item: pytest.Item, case: Measured, options: Options) -> None:
        """Remember a case that was only measured; it is judged when the test is done, if the test promises anything."""
        self._unjudged.append((item, case, options))

    def judge(self, item: pytest.Item, measured: Measured, options: Options, *, promised: bool = True) -> Outcome:
        """Judge a case, and keep the outcome for the report, also of one that cannot be judged."""
        import msgspec

        from pytest_sdperf.gate import gate, measured_only

        session = self._begun
        if not promised:
            return self._results.keep(item, measured_only(measured, options, session, nodeid=item.nodeid))
        try:
            with self._results.home.alone(measured.case.id, item.nodeid), self.at_work(measured.case.id):
                outcome = gate(measured, options, session, nodeid=item.nodeid)
        except pytest.exit.Exception:
            raise
        except Exception as error:
            without = measured_only(measured, options, session, nodeid=item.nodeid)
            said = one_line(error if isinstance(error, SdperfError) else described(error))
            self._results.keep(item, msgspec.structs.replace(without, error=said))
            raise
        outcome = self._results.keep(item, outcome)
        if outcome.skip_reason:
            self._skips.append((item, outcome.skip_reason))
        return outcome

    def judge_measured(self, item: pytest.Item, *, body_passed: bool) -> None:
        """After a test's body: judge what it measured if it bears the marker, else only report it.

        Where the body failed by itself nothing is judged, and so nothing is recorded: that failure stands.
        A test of which all is fine but what has no baseline ends as skipped, where the options ask for that.
        """
        mine = [(m, o) for i, m, o in self._unjudged if i is item]
        self._unjudged = [u for u in self._unjudged if u[0] is not item]
        promised = body_passed and item.get_closest_marker("sdperf") is not None
        failures = []
        for measured, options in mine:
            try:
                with failures_reported(item):
                    outcome = self.judge(item, measured, options, promised=promised)
                fail_where_broken(item, outcome)
            except pytest.fail.Exception as failed:
                failures.append(str(failed))
        reasons = [reason for i, reason in self._skips if i is item]
        self._skips = [s for s in self._skips if s[0] is not item]
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
        if reasons and body_passed:
            skip("; ".join(dict.fromkeys(reasons)))

    @contextmanager
    def at_work(self, what: str) -> Iterator[None]:
        """Long work on ``what``, a case: its progress is gone from the screen at the end.

        Where somebody ends the run meanwhile (Ctrl-C, pytest.exit), the report says that this was not finished.
        """
        try:
            yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            self._unfinished = what
            raise
        finally:
            self._reporter.clear()

    def report(self) -> Report | None:
        """What became of every test of ours so far; None where nothing did, and there is nothing to say of that."""
        if not self.options.sdperf or not self.fates.is_collected or self._config.getoption("collectonly"):
            return None
        if self._report is None or self._report[0] != self._results.size:
            ended = self._interrupted or self._unfinished is not None
            notes = [interruption(self._unfinished)] if ended else []
            said = self.fates, self.promises, self._results.outcomes, self.options
            base = self._base_tests(may_collect=not ended)
            more, warnings = gathered(*said, judged_by=self.judged_by, session=self._session, base=base)
            notes += [*dict.fromkeys(self.early_notes), *more]
            self._report = self._results.size, report_of(self._session, self._results, self.options, notes, warnings)
        return self._report[1]

    def _base_tests(self, *, may_collect: bool) -> BaseTests | None:
        """Of the base that is compared with, where it is another revision than the one that judges; read once."""
        judging = self.judged_by.base.revision.commit if self.judged_by else None
        target = self.target
        if target is None or target.revision is None or target.revision.commit == judging:
            return None
        if self._tests_of_base is None:
            from pytest_sdperf.plugin.base_tests import base_tests

            self._tests_of_base = base_tests(self._config, target, self._session, may_collect=may_collect)
        return self._tests_of_base

    def finish(self, *, interrupted: bool = False) -> list[str]:
        """Write what was asked for, and end the session; returns what went wrong, as sentences for people."""
        self._interrupted = interrupted
        if self.options.sdperf and not self._results.home.is_here:
            return []  # what was begun is ended by the process that began it
        try:
            report = self.report()
            return [] if report is None else written(report, self.options, self._config.rootpath)
        finally:
            if self._session is not None:
                self._session.close()
            self._open.close()


RUN = pytest.StashKey[Run]()
