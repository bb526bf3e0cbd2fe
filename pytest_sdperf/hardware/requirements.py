"""Requirements of a variant or test on a machine: their grammar, and which unmet ones --sdperf-require fails."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_sdperf import units
from pytest_sdperf.errors import CaseError, OptionError
from pytest_sdperf.hardware import libraries
from pytest_sdperf.hardware.cpu import ISA_FLAGS

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Package

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

PACKAGES = ("torch", "diffusers", "openvino", "optimum-intel", "intel-extension-for-pytorch")
"""Packages that the built-in variants need; others are known once a requirement names them."""


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


def names_of(requirement: str) -> frozenset[str]:
    """Every name that means ``requirement``: itself, its kind, its alternatives with and without the kind.

    `isa:avx512_bf16|amx` answers to `isa`, `avx512_bf16`, `amx`, `isa:avx512_bf16`, `isa:amx` and in full.
    """
    wanted = parse(requirement)
    names = {wanted.text, wanted.kind}
    values = list(wanted.alternatives)
    if wanted.kind == "amx":
        names.add("isa")
    if wanted.kind == "package":
        values.append(_normal(parse_package(wanted.alternatives[0], requirement).name))
    if wanted.kind not in ("cores", "memory"):
        kind = "isa" if wanted.kind == "amx" else wanted.kind
        names.update(values, (f"{kind}:{value}" for value in values))
    return frozenset(names)


def validate_required(
    names: Sequence[str], *, declared: Iterable[str] = (), where: str = "--sdperf-require"
) -> tuple[str, ...]:
    """The names, once each, or OptionError for one that means nothing and so would never fail a test.

    ``declared`` are the requirements of the session's variants and tests: whatever they name is known.
    """
    known = {"all", *EXAMPLES, *ISA_FLAGS, *libraries.KNOWN, *SYSTEMS, *PACKAGES}
    for requirement in declared:
        known |= names_of(requirement)
    for name in names:
        if name in known or _normal(name) in known:
            continue
        try:
            parse(name)
        except CaseError as error:
            if name.partition(":")[0].strip() in EXAMPLES:
                raise OptionError(error.what, where=where, cure=error.cure) from None
            close = difflib.get_close_matches(name, sorted(known), n=1)
            raise OptionError(
                f"{name!r} is not a valid requirement",
                where=where,
                cure=(f"Did you mean {close[0]!r}? " if close else "") + f"Known are: {', '.join(sorted(known))}.",
            ) from None
    return tuple(dict.fromkeys(names))


def is_required(unmet: Unmet, names: Iterable[str]) -> bool:
    """True where one of ``names``, as --sdperf-require takes them, means the unmet requirement."""
    meant = names_of(unmet.requirement)
    return any(
        name == "all" or name.strip() in meant or _normal(name) in meant or _normal_package(name) in meant
        for name in names
    )


def _normal(name: str) -> str:
    """PyPI's normal form: `Optimum_Intel` is `optimum-intel`."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name.strip())


def _normal_package(name: str) -> str:
    """`package:Optimum_Intel` in normal form, anything else as it is."""
    kind, colon, value = name.strip().partition(":")
    return f"package:{_normal(value)}" if kind == "package" and colon else name


def _suggest(name: str, known: list[str], shown: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(f"`{text}`" for text in shown)
    return (f"Did you mean `{close[0]}`? " if close else "") + f"Known are: {listed}."
