"""Measure a case side by side with the program that was recorded, where the recorded runs alone do not decide."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.recorded import commit_with
from pytest_sdperf.base.checkout.revision import Revision, head_of
from pytest_sdperf.base.set_up import Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.baseline import RecordedRun
from pytest_sdperf.diff.programs import Difference, differences
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure.comparer import Compared, Comparer
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program

ESCALATE = "--sdperf-escalate"

_OF_THE_ENVIRONMENT = ("package", "python", "installed")
_BUILD = "--sdperf-base-env=build"


class Escalation:
    """Compares the cases of one session with the revisions that they were recorded of."""

    def __init__(self, engine: Engine, invocation: Invocation) -> None:
        self.engine, self.invocation = engine, invocation
        self._comparers: dict[str, Comparer] = {}

    def compare(
        self, measured: Measured, options: Options, recorded: RecordedRun, now: Program, *, path: Path
    ) -> Compared | str:
        """The case side by side with what was recorded in ``path``; else why it is not, as a clause with the cure."""
        before = recorded.whole_program
        if before is None:
            return "record it again with --sdperf-update=all, so that it is known what program was recorded"
        found = differences(before, now)
        of_environment = [d for d in found if d.kind in _OF_THE_ENVIRONMENT]
        if of_environment and len(of_environment) == len(found) and options.base_env != "build":
            return f"{_named(of_environment)}: {_BUILD} measures both environments side by side"
        try:
            head = head_of(self.engine.rootdir, ESCALATE)
        except ComparisonError as error:
            return f"{error.what}, so nothing can be measured side by side with what was recorded"
        commit = commit_with(before, head.toplevel, [recorded.revision, _last_commit(head.toplevel, path)])
        if commit is None:
            return (
                "no revision in this clone has the files that were recorded: fetch the history, compare with "
                "--sdperf-against=REV, or record it again with --sdperf-update=all"
            )
        if commit not in self._comparers:
            revision = Revision("the recorded program", commit, head.toplevel, ESCALATE)
            target = Target(head, revision, None, control=False).with_libraries(options)
            self._comparers[commit] = Comparer(self.engine, target, self.invocation)
        comparison = (compared := self._comparers[commit].compare(measured, options)).comparison
        if comparison.identical:
            return f"both would run in this environment, and {_named(of_environment or found)}"
        busy = "" if comparison.kept else "every pair was disturbed, so run again when nothing else does"
        fault = comparison.invalid or comparison.missing or busy
        return f"side by side with what was recorded ({commit[:10]}): {fault}" if fault else compared


def _named(found: list[Difference]) -> str:
    """``openvino 2026.3.1 -> 2026.4.1`` and the like, the first of them."""
    first = next((d for d in found if d.kind == "package"), found[0])
    return f"{first.name or first.kind} {first.base or 'none'} -> {first.head or 'none'}"


def _last_commit(toplevel: Path, path: Path) -> str:
    """The commit that last changed a baseline: people commit it with what it was recorded of."""
    return git(toplevel, "log", "-1", "--format=%H", "--", str(path)).out.strip()
