"""Pictures that were drawn while the machine was in another regime than usual."""

from __future__ import annotations

import msgspec


class OtherRegime(msgspec.Struct, frozen=True):
    """Pictures that count all the same: they could not be drawn again in the usual regime."""

    pictures: int
    of: int
    "pictures that count"
    round_trip_ns: float
    "between two CPUs beside them, median"
    usual_ns: float
