"""Words on the regime of the machine."""

from __future__ import annotations

from pytest_sdperf.other_regime import OtherRegime
from pytest_sdperf.wording import plural


def regime_clause(other: OtherRegime | None) -> str:
    """What follows a sentence on latency: how many pictures were drawn in another regime; empty where none was."""
    if other is None:
        return ""
    return (
        f"; {other.pictures} of {plural(other.of, 'picture')} could not be drawn in the machine's usual regime (a "
        f"round trip between two of its CPUs took {other.round_trip_ns:.0f} ns, usually {other.usual_ns:.0f} ns)"
    )
