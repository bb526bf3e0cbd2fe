"""The programs of cases that are measured by themselves, as baselines keep them, and where one is the same again."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from functools import cached_property, partial
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import commit_of
from pytest_sdperf.base.interpreter import this_interpreter
from pytest_sdperf.base.tree_variables import HeadVariables, is_of_the_tree
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.baseline import Baseline
from pytest_sdperf.diff.programs import is_same
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.identity import looking, program_of
from pytest_sdperf.measure.when_enough import IsRecorded
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

    def of(self, measured: Measured, options: Options, recorded: Program | None = None) -> Program:
        """The program of a case that was measured with `trees` and `look`.

        It is the one that was ``recorded`` also where that looked at more, and finds it unchanged: what this session's
        own process lists while a case is measured cannot be told from what the case's processes list.
        """
        of_case = partial(program_of, self.engine, measured, options, self._trees, set_here=self._set_here)
        now = of_case()
        more = recorded.files.keys() - now.files.keys() if recorded else set()
        if recorded and more and is_same(recorded, with_more := of_case(also=sorted(more))):
            return with_more
        return now

    @cached_property
    def revision(self) -> str:
        """The commit that is checked out; empty where there is none."""
        try:
            return commit_of(self._trees.head, "HEAD") or ""
        except ComparisonError:  # no git here
            return ""

    def is_recorded(self, case: Case, baseline: Baseline, options: Options) -> IsRecorded | None:
        """Tells whether a measurement's program is the one that the newest run was recorded of; None: not known."""
        recorded = baseline.runs[-1].whole_program
        if recorded is None:
            return None
        return lambda measurement, looked: is_same(
            recorded, self.of(Measured(case, measurement, looked=looked), options, recorded)
        )
