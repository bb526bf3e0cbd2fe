"""What is different around the code: library versions, threads, CPUs, variables, kernel, Python."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_sdperf.measurement import Environment


def environment_changes(base: Environment, head: Environment) -> list[str]:
    """One line for each difference between the baseline's environment and this one: ``torch 2.8.0 -> 2.9.0``."""
    lines = _mapping(base.packages, head.packages, absent="not installed")
    plain = {
        "machine": (base.machine_key, head.machine_key),
        "CPU": (base.cpu_model, head.cpu_model),
        "Python": (base.python, head.python),
        "kernel": (base.kernel, head.kernel),
        "threads": (str(base.threads), str(head.threads)),
        "CPUs": (_cpus(base.cpus), _cpus(head.cpus)),
    }
    lines += [f"{name} {old or 'unknown'} -> {new or 'unknown'}" for name, (old, new) in plain.items() if old != new]
    return lines + _mapping(base.variables, head.variables, absent="not set")


def _mapping(base: Mapping[str, str], head: Mapping[str, str], *, absent: str) -> list[str]:
    names = sorted({*base, *head})
    return [
        f"{name} {base.get(name, absent)} -> {head.get(name, absent)}"
        for name in names
        if base.get(name) != head.get(name)
    ]


def _cpus(cpus: list[int]) -> str:
    return ",".join(map(str, cpus))
