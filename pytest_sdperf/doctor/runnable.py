"""Which of the known variants can run here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_sdperf.doctor.diagnosis import Runnable
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.requirements import Unmet
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import Registry


def known_variants() -> tuple[Registry, list[str]]:
    """The built-in variants and those of installed packages, and what could not be loaded of them, as sentences."""
    registry, problems = Registry(), []
    try:
        registry.add_entry_points()
    except SdperfError as error:
        problems.append(str(error))
    return registry, problems


def runnable(variants: Iterable[tuple[Variant, str]]) -> list[Runnable]:
    """Each variant (with who declares it) and what it lacks here. Asking for AMX may start a process, once."""
    return [Runnable(variant, origin, _unmet(variant)) for variant, origin in variants]


def _unmet(variant: Variant) -> list[Unmet]:
    found = []
    for need in variant.requirements:
        try:
            unmet = check(need)
        except SdperfError as error:
            unmet = Unmet(need, "the declaration", f"is not understood: {error.what}", error.cure)
        if unmet is not None:
            found.append(unmet)
    return found
