"""How the clock is steered: governor, driver and turbo, as far as Linux shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_CPU = "sys/devices/system/cpu"


@dataclass(frozen=True)
class Frequency:
    """What /sys says of the clock; empty where it says nothing, as on most virtual machines."""

    governors: tuple[str, ...] = ()
    "of the CPUs asked about, each once: `performance`, `powersave`, `schedutil`"
    driver: str = ""
    "`intel_pstate`, `amd-pstate-epp`, `acpi-cpufreq`"
    preferences: tuple[str, ...] = ()
    "energy preferences, each once: `balance_performance`"
    turbo: bool | None = None
    "whether clocks above the nominal one are allowed; None: not told"


def read_frequency(cpus: Sequence[int], *, root: Path = Path("/")) -> Frequency:
    """The settings of ``cpus``, read below ``root``; nothing is changed."""
    folders = [root / _CPU / f"cpu{cpu}" / "cpufreq" for cpu in cpus]
    return Frequency(
        governors=_each_once(folder / "scaling_governor" for folder in folders),
        driver=next(iter(_each_once(folder / "scaling_driver" for folder in folders)), ""),
        preferences=_each_once(folder / "energy_performance_preference" for folder in folders),
        turbo=_turbo(root),
    )


def _turbo(root: Path) -> bool | None:
    # intel_pstate says what is off, all other drivers say what is on
    off = _read(root / _CPU / "intel_pstate" / "no_turbo")
    if off in ("0", "1"):
        return off == "0"
    boost = _read(root / _CPU / "cpufreq" / "boost")
    return boost == "1" if boost in ("0", "1") else None


def _each_once(paths: Iterable[Path]) -> tuple[str, ...]:
    found = (_read(path) for path in paths)
    return tuple(dict.fromkeys(text for text in found if text))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
