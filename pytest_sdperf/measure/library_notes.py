"""What a session says once of a base with libraries of its own: the versions that differ, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_sdperf.comparison import BASE, HEAD, Comparison
from pytest_sdperf.diff.package_versions import (
    Installed,
    VersionChange,
    changes_sentence,
    cost_sentence,
    version_changes,
)
from pytest_sdperf.measurement import Measurement


@dataclass
class LibraryNotes:
    """Gathers what the cases of a session show of the libraries."""

    _changes: dict[str, VersionChange] = field(default_factory=dict)
    _costs: dict[str, str] = field(default_factory=dict)

    def loaded(self, installed: Mapping[str, Installed]) -> list[VersionChange]:
        """The versions of packages that a worker had loaded and that differ; all that differ are kept."""
        changes = version_changes(installed.get(BASE, {}), installed.get(HEAD, {}))
        self._changes |= {c.name: c for c in changes if c.is_loaded or c.name not in self._changes}
        return [change for change in changes if change.is_loaded]

    def compared(self, comparison: Comparison, head: Measurement) -> None:
        """Keep what the libraries of the base cost the case of ``head``, where any differ."""
        if self._changes and comparison.kept and not comparison.invalid:
            base = comparison.measurement_of_base(head)
            self._costs[head.case_id] = cost_sentence(base, comparison.measurement_of_head(head))

    def notes(self, label: str) -> tuple[str, ...]:
        """The notes, for a base of that label; none where no version differs."""
        if not self._changes:
            return ()
        versions = changes_sentence(sorted(self._changes.values()))
        costs = (f"{case_id} with these libraries at {cost}" for case_id, cost in self._costs.items())
        return (f"libraries of {label} -> of the head: {versions}", *costs)
