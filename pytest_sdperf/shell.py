"""What the plugin keeps for one pytest run, and how a test fails or skips for us."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_sdperf.errors import ArmError, SdperfError, WorkerError
from pytest_sdperf.options import Options, resolve, spoken
from pytest_sdperf.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_sdperf.arms.opponent import Opponent
    from pytest_sdperf.hardware.requirements import Unmet
    from pytest_sdperf.outcome import Outcome, Report
    from pytest_sdperf.session import Measured, Session
    from pytest_sdperf.variants.registry import Registry

PREFIX = "sd_"
"""Of the fixtures' names."""


class Shell:
    """What the plugin keeps for one pytest run."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        self._telling = Telling(config)
        self._session: Session | None = None
        self._outcomes: list[Outcome] = []
        self.fed: set[str] = set()
        "tests that pytest-benchmark shows a case of already"
        self._unjudged: list[tuple[pytest.Item, Measured, Options]] = []
        self._skips: list[tuple[pytest.Item, str]] = []
        self._interrupted = False
        "True where the run ended before its last test: Ctrl-C, pytest.exit"
        self._unfinished: str | None = None
        "what was at work when somebody ended it"

    @cached_property
    def registry(self) -> Registry:
        """The variants known so far; made when the first is asked for, because every pytest run has a shell."""
        from pytest_sdperf.variants.registry import Registry

        return Registry()

    @cached_property
    def opponent(self) -> Opponent | None:
        """What is compared with, side by side. Raises ArmError for what cannot be."""
        options = self.options
        if not options.sdperf or (options.against is None and options.against_python is None):
            return None
        from pytest_sdperf.arms.opponent import opponent_of

        return opponent_of(options.against, options.against_python, self._config.rootpath, os.environ)

    def is_fixture(self, name: str) -> bool:
        """True for the fixture of a known variant."""
        return name.startswith(PREFIX) and name.removeprefix(PREFIX) in list(self.registry)

    def options_for(self, item: pytest.Item, thresholds: Mapping[str, object] | None = None) -> Options:
        """Options of one test: its nearest marker comes first, keyword by keyword.

        ``thresholds`` are those that the test's variant declares.
        """
        keywords: dict[str, object] = {}
        for mark in item.iter_markers("sdperf"):
            if mark.args:
                pytest.fail(
                    f"@pytest.mark.sdperf got {mark.args!r} without a keyword. "
                    'Write it like @pytest.mark.sdperf(max_slowdown="5%").',
                    pytrace=False,
                )
            keywords = {**mark.kwargs, **keywords}
        try:
            return resolve(marker=keywords, variant=thresholds, **spoken(self._config))
        except SdperfError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None

    def session(self, make_work_dir: Callable[[], Path]) -> Session:
        """The session, begun when the first case is measured."""
        if self._session is None:
            from pytest_sdperf.arms.base import Invocation
            from pytest_sdperf.session import Session

            call = self._config.invocation_params
            self._session = Session(
                registry=self.registry,
                rootdir=self._config.rootpath,
                work_dir=make_work_dir(),
                tell=self._telling.tell,
                show=self._telling.show,
                opponent=self.opponent,
                invocation=Invocation(call.dir, self._config.args, [str(argument) for argument in call.args]),
            )
        return self._session

    def measured(self, item: pytest.Item, case: Measured, options: Options) -> None:
        """Remember a case that was only measured; it is judged when the test is done, if the test promises anything."""
        self._unjudged.append((item, case, options))

    def judge(self, item: pytest.Item, measured: Measured, options: Options, *, promised: bool = True) -> Outcome:
        """Judge a case, and keep the outcome for the report; one that cannot be judged is reported as measured."""
        from pytest_sdperf import gate

        try:
            with self.at_work(measured.case.id):
                outcome = gate.judge(measured, options, nodeid=item.nodeid, promised=promised)
        except SdperfError:
            self._outcomes.append(gate.judge(measured, options, nodeid=item.nodeid, promised=False))
            raise
        self._outcomes.append(outcome)
        if outcome.skip_reason:
            self._skips.append((item, outcome.skip_reason))
        return outcome

    def fail_for(self, item: pytest.Item, outcome: Outcome) -> None:
        """Fail the test where a promise broke."""
        from pytest_sdperf.report import failure

        if outcome.verdict is not None and not outcome.verdict.passed:
            item.add_report_section("call", "sdperf", failure.section(outcome))
            pytest.fail(failure.sentence(outcome), pytrace=False)

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
                with told(item):
                    outcome = self.judge(item, measured, options, promised=promised)
                self.fail_for(item, outcome)
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
            self._telling.clear()

    def report(self) -> Report | None:
        """Everything measured and judged so far; None where nothing was."""
        if self._session is None:
            return None
        ended = self._interrupted or self._unfinished is not None
        notes = [_interruption(self._unfinished)] if ended else []
        return self._session.report(self._outcomes, self.options, notes)

    def finish(self, *, interrupted: bool = False) -> str | None:
        """Write what was asked for, and end the session; returns what went wrong, as a sentence for people."""
        self._interrupted = interrupted
        if self._session is None:
            return None
        try:
            report = self.report()
            if report is not None and self.options.json:
                from pytest_sdperf.report import json

                path = self._config.rootpath / self.options.json
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.render(report), encoding="utf-8")
        except OSError as error:
            return f"--sdperf-json={self.options.json} cannot be written: {error}. Name a file that can."
        finally:
            self._session.close()
        return None


def _interruption(unfinished: str | None) -> str:
    """What the report of a run that somebody ended must say, lest it be taken for the whole."""
    if unfinished is None:
        return "INTERRUPTED: what had not been measured by then is not in this report"
    return (
        f"INTERRUPTED during {unfinished}: nothing of that is judged or recorded, and what was to follow was not "
        "measured; what was finished before stands"
    )


SHELL = pytest.StashKey[Shell]()


@contextmanager
def told(item: pytest.Item) -> Iterator[None]:
    """Turn an error that people can mend into the test's failure: its sentence, no traceback, the worker's log."""
    try:
        yield
    except SdperfError as error:
        if isinstance(error, (ArmError, WorkerError)) and error.log_tail:
            item.add_report_section("call", "sdperf worker log", error.log_tail)
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def refuse(unmet: Sequence[Unmet], options: Options) -> None:
    """Skip with every reason; fail where one of them is required to be there."""
    if not unmet:
        return
    from pytest_sdperf.hardware.required import is_required

    reasons = " / ".join(u.reason for u in unmet)
    if any(is_required(u, options.require) for u in unmet):
        pytest.fail(f"{reasons} [--sdperf-require={','.join(options.require)} makes this a failure]", pytrace=False)
    skip(reasons)


def skip(reason: str) -> NoReturn:
    """Skip the test; the summary then names the test's line, as for pytest's own markers."""
    raise pytest.skip.Exception(reason, _use_item_location=True)
