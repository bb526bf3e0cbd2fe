"""Measure a case side by side with the program that was recorded, where the recorded runs alone do not decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.recorded import commit_with
from pytest_sdperf.base.checkout.revision import Revision, head_of
from pytest_sdperf.base.interpreter import Interpreter
from pytest_sdperf.base.recorded_versions import interpreter_with, recorded_versions
from pytest_sdperf.base.set_up import Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.baseline import RecordedRun
from pytest_sdperf.diff.programs import Difference, differences
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure.comparer import Compared, Comparer
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.progress import Step
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program

ESCALATE = "--sdperf-escalate"

_OF_THE_ENVIRONMENT = ("package", "python", "installed")
_RECORDED = "the recorded program"


class Escalation:
    """Compares the cases of one session with the revisions and the versions that they were recorded with."""

    def __init__(self, engine: Engine, invocation: Invocation) -> None:
        self.engine, self.invocation = engine, invocation
        self._interpreters: dict[tuple[tuple[str, str], ...], Interpreter | str] = {}
        self._comparers: dict[tuple[str, Path | None], Comparer] = {}
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what cases were compared with."""
        return (*self._notes, *(note for comparer in self._comparers.values() for note in comparer.notes))

    def compare(
        self, measured: Measured, options: Options, recorded: RecordedRun, now: Program, *, path: Path
    ) -> Compared | str:
        """The case side by side with what was recorded in ``path``; else why it is not, as a clause with the cure."""
        before = recorded.whole_program
        if before is None:
            return "record it again with --sdperf-update=all, so that it is known what program was recorded"
        found = differences(before, now)
        of_environment = [d for d in found if d.kind in _OF_THE_ENVIRONMENT]
        interpreter = self._interpreter(of_environment, options) if of_environment else ""
        if of_environment and len(of_environment) == len(found):
            if isinstance(interpreter, str):
                return interpreter
            return self._compared(Target(None, None, interpreter, control=False), measured, options, before, found)
        target = self._target(before, recorded.revision, path)
        if isinstance(target, str):
            return target
        if isinstance(interpreter, Interpreter):
            target = replace(target, interpreter=interpreter)
        elif interpreter:
            self._notes[f"what the libraries cost since it was recorded is not measured: {interpreter}"] = None
        return self._compared(target, measured, options, before, of_environment or found)

    def _compared(
        self, target: Target, measured: Measured, options: Options, before: Program, found: Sequence[Difference]
    ) -> Compared | str:
        key = (
            target.revision.commit if target.revision else "",
            target.interpreter.path if target.interpreter else None,
        )
        if key not in self._comparers:
            self._comparers[key] = Comparer(self.engine, target, self.invocation)
        comparison = (compared := self._comparers[key].compare(measured, options)).comparison
        if comparison.identical:
            return f"both would run in this environment, and {_named(found)}"
        busy = "" if comparison.kept else "every pair was disturbed, so run again when nothing else does"
        fault = comparison.invalid or comparison.missing or busy
        if all(models := (before.model_digest, comparison.base.model_digest)) and models[0] != models[1]:
            fault = "its model is not the one that was recorded, so record it again with --sdperf-update=all"
        return f"side by side with {target.label}: {fault}" if fault else compared

    def _target(self, before: Program, revision: str, path: Path) -> Target | str:
        """The revision that has what was recorded; else why there is none, as a clause with the cure."""
        try:
            head = head_of(self.engine.rootdir, ESCALATE)
        except ComparisonError as error:
            return (
                f"{error.what}, so nothing can be measured side by side with what was recorded: record more runs with "
                "--sdperf-update=all"
            )
        commit = commit_with(before, head.toplevel, [revision, _last_commit(head.toplevel, path)])
        if commit is None:
            return (
                "no revision in this clone has the files that were recorded: fetch the history, compare with "
                "--sdperf-against=REV, or record it again with --sdperf-update=all"
            )
        return Target(head, Revision(_RECORDED, commit, head.toplevel, ESCALATE), None, control=False)

    def _interpreter(self, found: Sequence[Difference], options: Options) -> Interpreter | str:
        """An interpreter with the packages that were recorded; else why not, as a clause with the cure."""
        versions = recorded_versions(found)
        if options.base_env == "same":
            return f"{_named(found)}: --sdperf-base-env=auto installs what was recorded and measures both side by side"
        if not versions:
            return (
                f"{_named(found)}, and what was recorded cannot be installed again from here: name an environment "
                "that has it with --sdperf-against-python, or record it again with --sdperf-update=all"
            )
        key = tuple(sorted(versions.items()))
        if key not in self._interpreters:
            self._interpreters[key] = self._made(versions)
        return self._interpreters[key]

    def _made(self, versions: Mapping[str, str]) -> Interpreter | str:
        engine = self.engine
        try:
            return interpreter_with(
                versions,
                environ=engine.launcher.base_env,
                folder=engine.rootdir,
                show=lambda doing: engine.show(Step(_RECORDED, doing)),
            )
        except ComparisonError as error:
            return f"{error.what}: {error.cure[:1].lower()}{error.cure[1:].rstrip('.')}"


def _named(found: Sequence[Difference]) -> str:
    """``openvino 2026.3.1 -> 2026.4.1`` and the like, the first of them."""
    first = next((d for d in found if d.kind == "package"), found[0])
    return f"{first.name or first.kind} {first.base or 'none'} -> {first.head or 'none'}"


def _last_commit(toplevel: Path, path: Path) -> str:
    """The commit that last changed a baseline: people commit it with what it was recorded of."""
    return git(toplevel, "log", "-1", "--format=%H", "--", str(path)).out.strip()
