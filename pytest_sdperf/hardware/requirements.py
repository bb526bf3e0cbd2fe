"""What a variant or test may require of the machine: the grammar, and the check with its reason."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_sdperf import units
from pytest_sdperf.errors import CaseError, OptionError
from pytest_sdperf.hardware import libraries
from pytest_sdperf.hardware.cpu import ISA_FLAGS

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Package

    from pytest_sdperf.hardware.machine import Machine

EXAMPLES: dict[str, str] = {
    "amx": "amx",
    "isa": "isa:avx512_bf16|amx",
    "cores": "cores:4",
    "memory": "memory:16GiB",
    "package": "package:openvino>=2026",
    "library": "library:jemalloc",
    "os": "os:linux",
}
"""Every kind of requirement, written as an example. `|` separates alternatives of isa and os."""

SYSTEMS = {"linux": "Linux", "macos": "Darwin", "windows": "Windows"}
"""Names for `os:` and what `platform.system()` calls them."""


@dataclass(frozen=True)
class Unmet:
    """Why a requirement does not hold here."""

    requirement: str
    "as it was written"
    layer: str
    "the layer that refuses: `layer 1 (CPU flags)`, `the cgroup and affinity`"
    found: str
    "what was found, to be read after the layer"
    cure: str
    "what to do, a sentence"

    @property
    def reason(self) -> str:
        """One sentence and the cure, for a skip."""
        return f"needs {self.requirement}: {self.layer} {self.found}. {self.cure}"


@dataclass(frozen=True)
class Requirement:
    """A requirement, understood."""

    text: str
    "as it was written, without surrounding blanks"
    kind: str
    "a key of EXAMPLES"
    alternatives: tuple[str, ...]
    "isa and system names of which one must hold; else the single value"
    amount: int = 0
    "cores, or bytes of memory"


def parse(requirement: str) -> Requirement:
    """Understand a requirement. Raises CaseError that names the value and the known kinds."""
    text = requirement.strip()
    kind, colon, value = (part.strip() for part in text.partition(":"))
    if kind not in EXAMPLES:
        raise CaseError(f"unknown requirement {requirement!r}", cure=_suggest(kind, list(EXAMPLES), EXAMPLES.values()))
    if kind == "amx":
        if colon:
            raise CaseError(f"requirement {requirement!r} has a value", cure="Write just `amx`.")
        return Requirement(text, kind, ("amx",))
    if not value:
        raise CaseError(f"requirement {requirement!r} has no value", cure=f"Write it like `{EXAMPLES[kind]}`.")
    if kind in ("cores", "memory"):
        try:
            amount = (units.parse_count if kind == "cores" else units.parse_bytes)(value, where="")
        except OptionError as error:
            raise CaseError(
                f"requirement {requirement!r}: {error.what}", cure=f"Write it like `{EXAMPLES[kind]}`."
            ) from None
        return Requirement(text, kind, (value,), amount)
    if kind == "package":
        parse_package(value, requirement)
        return Requirement(text, kind, (value,))
    known = {"isa": list(ISA_FLAGS), "library": list(libraries.KNOWN), "os": list(SYSTEMS)}[kind]
    alternatives = (value,) if kind == "library" else tuple(part.strip() for part in value.split("|"))
    for name in alternatives:
        if name not in known and not (kind == "library" and name.startswith("/")):
            raise CaseError(f"requirement {requirement!r}: unknown {kind} {name!r}", cure=_suggest(name, known, known))
    return Requirement(text, kind, alternatives)


def parse_package(value: str, requirement: str) -> Package:
    """`openvino>=2026` as packaging understands it. Raises CaseError; URLs and markers are refused."""
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Package

    cure = f"Write it like `{EXAMPLES['package']}`."
    try:
        package = Package(value)
    except InvalidRequirement as error:
        raise CaseError(
            f"requirement {requirement!r} is not a package specifier: {str(error).splitlines()[0]}", cure=cure
        ) from None
    if package.url or package.marker or package.extras:
        raise CaseError(f"requirement {requirement!r} is more than a name and versions", cure=cure)
    return package


def check(
    requirement: str,
    machine: Machine | None = None,
    *,
    amx_unmet: Callable[[Machine, str], Unmet | None] | None = None,
) -> Unmet | None:
    """None where ``requirement`` holds on ``machine`` (default: this one), else why it does not.

    Packages, libraries and the deeper layers of AMX are always those of this machine; ``amx_unmet``
    replaces the latter. Raises CaseError where the requirement cannot be understood.
    """
    from pytest_sdperf.hardware import checks
    from pytest_sdperf.hardware.machine import detect

    wanted = parse(requirement)
    if wanted.kind == "package":
        return checks.package(wanted)
    if wanted.kind == "library":
        return checks.library(wanted)
    here = machine or detect()
    if wanted.kind == "cores":
        return checks.cores(wanted, here)
    if wanted.kind == "memory":
        return checks.memory(wanted, here)
    if wanted.kind == "os":
        return checks.system(wanted, here)
    return checks.instruction_sets(wanted, here, amx_unmet or checks.amx_layers)


def _suggest(name: str, known: list[str], shown: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(f"`{text}`" for text in shown)
    return (f"Did you mean `{close[0]}`? " if close else "") + f"Known are: {listed}."
