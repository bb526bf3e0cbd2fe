"""Judge tests by the rules of the base revision, and report what this change would decide otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_sdperf.baselines.changed_files import changed_files
from pytest_sdperf.options import Options, resolve
from pytest_sdperf.policy.base_rules import BaseRules
from pytest_sdperf.policy.stricter import changes, governed, promises_changed
from pytest_sdperf.variant import Variant
from pytest_sdperf.wording import listed

_TESTS_SHOWN = 5
_FILES_SHOWN = 20


class JudgedBy:
    """The rules of one revision for one session, and what the session's tests would decide otherwise."""

    def __init__(self, base: BaseRules, command_line: Mapping[str, object]) -> None:
        self.base = base
        # Without it, settings that would record are no contradiction yet.
        self._command_line = {**command_line, "baselines_from": None}
        self._changes: dict[str, dict[str, None]] = {}
        "what is changed -> the tests that it is changed for, in order"
        self._new: dict[str, None] = {}

    def session_options(self, head: Options) -> Options:
        """The session's own options, as the revision's settings have them."""
        return governed(head, self._of_base({}, {}))

    def options(self, head: Options, nodeid: str, marker: Mapping[str, object], variant: Variant | None) -> Options:
        """Options of one test; ``head`` are those it has by itself, with the keywords of its ``marker``.

        ``variant`` is the one it measures, None where that is not known yet. A test that the revision does not
        have keeps its own marker, and a new variant its own thresholds. Raises OptionError for a limit of the
        revision that cannot be used.
        """
        label, declaration = self.base.label, self.base.declaration
        there = declaration.get(variant.name) if variant else None
        thresholds = (there or variant).thresholds if variant else {}
        known = nodeid in declaration.tests
        base = self._of_base(declaration.tests.get(nodeid, marker), thresholds)
        if variant is not None:
            if not known:
                self._new[nodeid] = None
            found = changes(head, base, label) + (list(promises_changed(variant, there)) if there else [])
            for change in found:
                self._changes.setdefault(change, {})[nodeid] = None
        return governed(head, base)

    def notes(self, folder: Path) -> list[str]:
        """Notes for a reviewer on what the change would decide otherwise, as sentences.

        ``folder`` is that of the head's baselines.
        """
        label = self.base.label
        notes = [f"this change {change} (for {listed(tests, _TESTS_SHOWN)})" for change, tests in self._changes.items()]
        if self.base.head_rootdir is not None:
            notes.append(
                "this change moves pytest's rootdir, by another settings file or folder; judged by the settings and "
                f"baselines that {label} has at its own"
            )
        if self._new:
            notes.append(
                f"{label} has no such tests, so they are judged by their own limits: {listed(self._new, _TESTS_SHOWN)}"
            )
        files = changed_files(self.base.baselines(folder), folder)
        notes += [f"this change alters {file}; judged by what {label} has recorded" for file in files[:_FILES_SHOWN]]
        if len(files) > _FILES_SHOWN:
            notes.append(f"this change alters {len(files) - _FILES_SHOWN} more recorded files; judged by {label}'s")
        return notes

    def _of_base(self, marker: Mapping[str, object], thresholds: Mapping[str, object]) -> Options:
        return resolve(
            marker=marker,
            command_line=self._command_line,
            addopts={**self.base.declaration.addopts, "baselines_from": None},
            ini=self.base.declaration.ini,
            variant=thresholds,
        )
