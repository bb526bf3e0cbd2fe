"""The programs of cases that are measured by themselves, as baselines keep them, and where one is the same again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path

import msgspec

from pytest_sdperf.activity import Looked
from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.recorded import commit_with, unchanged_since
from pytest_sdperf.base.checkout.revision import commit_of
from pytest_sdperf.base.interpreter import this_interpreter
from pytest_sdperf.base.tree_variables import HeadVariables, is_of_the_tree
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.diff.programs import is_same
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.identity import looking, program_of
from pytest_sdperf.measure.when_enough import IsRecorded
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program
from pytest_sdperf.variant import Case


class OwnPrograms:
    """Knows the programs of one session's cases.

    ``variables`` are what conftests and plugins did to the environment; None: not known.
    """

    def __init__(self, engine: Engine, variables: HeadVariables | None) -> None:
        self.engine = engine
        changes = variables.changes if variables else {}
        self._set_here = {name: value for name, value in changes.items() if is_of_the_tree(name)}

    @cached_property
    def _trees(self) -> Trees:
        """The working tree that the rootdir lies in, or the rootdir."""
        top = self.engine.rootdir
        with suppress(ComparisonError):  # no git here
            answer = git(top, "rev-parse", "--show-toplevel")
            top = Path(answer.out.rstrip("\n")) if answer.ok else top
        return Trees(top, top, own=tuple(this_interpreter().own))

    @property
    def trees(self) -> tuple[str, ...]:
        """The folder whose modules the workers report."""
        return (str(self._trees.head),)

    def look(self, options: Options) -> AbstractContextManager[FileWatch]:
        """For the time that a case is measured: a watch over what it opens."""
        return looking(self._trees, self.engine, options)

    def of(self, measured: Measured, options: Options, *, also: Iterable[str] = ()) -> Program:
        """The program of a case that was measured with `trees` and `look`; ``also`` are files that count, too."""
        return program_of(self.engine, measured, options, self._trees, set_here=self._set_here, also=also)

    def beside(self, run: RecordedRun, measured: Measured, options: Options, now: Program) -> Program:
        """``now``, the program of a case, as it is compared with that of ``run``: with all that either looked at.

        What editors, searches and this session's own process open and list meanwhile cannot be told from what the
        case's processes do. So what one of the two alone looked at makes no other program where it is as it was:
        processes that read the same do the same until they read something else.
        """
        recorded = run.whole_program
        if recorded is None:
            return now
        if more := recorded.files.keys() - now.files.keys():
            now = self.of(measured, options, also=sorted(more))
        return self._without_unchanged(now, recorded, run.revision)

    def _without_unchanged(self, now: Program, recorded: Program, revision: str) -> Program:
        """Without the files that it alone looked at, where ``revision`` is what was recorded and has them, too."""
        more = {place for place in now.files.keys() - recorded.files.keys() if not place.endswith(" (link)")}
        dropped: set[str] = set()
        with suppress(ComparisonError):  # no git here
            if more and commit_with(recorded, self._trees.head, [revision]):
                dropped = unchanged_since(revision, self._trees.head, more)
        return msgspec.structs.replace(now, files={p: d for p, d in now.files.items() if p not in dropped})

    @cached_property
    def revision(self) -> str:
        """The commit that is checked out; empty where there is none."""
        try:
            return commit_of(self._trees.head, "HEAD") or ""
        except ComparisonError:  # no git here
            return ""

    def is_recorded(self, case: Case, baseline: Baseline, options: Options) -> IsRecorded | None:
        """Tells whether a measurement's program is the one that the newest run was recorded of; None: not known."""
        run = baseline.runs[-1]
        recorded = run.whole_program
        if recorded is None:
            return None

        def is_recorded(measurement: Measurement, looked: Looked | None) -> bool:
            measured = Measured(case, measurement, looked=looked)
            return is_same(recorded, self.beside(run, measured, options, self.of(measured, options)))

        return is_recorded
