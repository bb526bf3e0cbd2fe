"""--sdperf-require: which unmet requirements must fail a test instead of skipping it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from pytest_sdperf.errors import CaseError, OptionError
from pytest_sdperf.hardware import libraries
from pytest_sdperf.hardware.cpu import ISA_FLAGS
from pytest_sdperf.hardware.requirements import EXAMPLES, SYSTEMS, Unmet, parse, parse_package

PACKAGES = ("torch", "diffusers", "openvino", "optimum-intel", "intel-extension-for-pytorch")
"""Packages that the built-in variants need; others are known once a requirement names them."""


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
                f"{name!r} is no requirement",
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
