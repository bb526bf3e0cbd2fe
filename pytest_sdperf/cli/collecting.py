"""The variants that a project's conftests declare: pytest collects them in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_sdperf.base.declaration import decode
from pytest_sdperf.doctor.runnable import known_variants
from pytest_sdperf.errors import CaseError
from pytest_sdperf.variant import Variant

_COLLECTOR = "pytest_sdperf.plugin.declare"

_TIMEOUT_S = 300.0
"of collecting: conftests may import torch from a slow disk"


def variants_of(tests: Sequence[str]) -> tuple[list[tuple[Variant, str]], list[str]]:
    """Every variant with who declares it, and what could not be loaded, as sentences.

    Built-in ones and those of installed packages; with ``tests`` (folders or files of tests) also those of the
    conftests there. These are run, as by pytest; test modules are not. Raises CaseError where that fails.
    """
    registry, problems = known_variants()
    known = {name: (registry[name], registry.origin(name)) for name in registry}
    if tests:
        where = ", ".join(tests)
        known |= {v.name: (v, f"conftest of {where}") for v in _collected(tests) if v.name not in known}
    return list(known.values()), problems


def _collected(tests: Sequence[str]) -> tuple[Variant, ...]:
    for path in tests:
        if not Path(path).exists():
            raise CaseError(f"there is no {path!r}", where="--tests", cure="Name a folder or file of tests.")
    with tempfile.TemporaryDirectory(prefix="sdperf-variants-") as folder:
        out = Path(folder, "declared.json")
        command = [sys.executable, "-m", _COLLECTOR, str(out), "--", *(str(Path(path).absolute()) for path in tests)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
                timeout=_TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _cannot(tests, f"pytest took longer than {_TIMEOUT_S:g} s") from None
        if done.returncode or not out.is_file():
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            telling = [line for line in said if line.startswith(("E  ", "ERROR"))] or said
            raise _cannot(tests, telling[-1].strip() if telling else "pytest said nothing")
        return decode(out.read_bytes()).variants


def _cannot(tests: Sequence[str], why: str) -> CaseError:
    return CaseError(
        f"the variants of {', '.join(tests)} cannot be collected: {why}",
        where="--tests",
        cure="Run `pytest --collect-only` there to see all that is wrong.",
    )
