"""The variants that a tree declares, as the process that collected them reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from pytest_sdperf.errors import ComparisonError, SdperfError
from pytest_sdperf.variant import Variant

Asks = Literal["", "check", "both", "measure", "unclear", "maybe", "maybe_check"]
"""Of a test that uses variants: it judges all that it measures, or a part of it; it only measures; its code does not
show which. Of one that asks for fixtures by name: it may use variants, and its code calls a method named `check`."""


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Variants, settings and tests that pytest found in a tree."""

    variants: tuple[Variant, ...]
    "as declared: `auto` is not yet resolved for a machine"
    files: dict[str, str]
    "modules and plugins that were loaded for it -> their files"
    ini: dict[str, object] = {}
    "option -> what the tree's settings say of it, unread; only where its tests were collected, too"
    tests: dict[str, dict[str, object]] = {}
    "node id of each test -> keywords of its sdperf markers, unread"
    addopts: dict[str, object] = {}
    "option -> what `addopts` of the tree's settings says of it, unread"
    awaited: dict[str, Asks] = {}
    "node ids of those tests that a run there would select, not skip, and that ask for something -> what they ask for"
    rootdir: str = ""
    "pytest's, as the tree's settings have it"
    variables: dict[str, str | None] | None = None
    "environment variables that its conftests and plugins set -> value, None where removed; None: not known"

    def get(self, name: str) -> Variant | None:
        """The variant of that name; None where the tree declares none."""
        return next((variant for variant in self.variants if variant.name == name), None)


def encode(declaration: Declaration) -> bytes:
    """As JSON. Raises TypeError for a variant that holds what JSON cannot say."""
    return msgspec.json.encode(declaration, enc_hook=_plain)


def decode(data: bytes) -> Declaration:
    """Read what ``encode`` wrote. Raises ComparisonError for anything else."""
    try:
        return msgspec.json.decode(data, type=Declaration)
    except (msgspec.MsgspecError, UnicodeDecodeError, SdperfError) as error:
        raise ComparisonError(
            f"the declared variants cannot be read ({error})",
            cure="Measure with the same version of pytest-sdperf in both trees.",
        ) from error


def same_declaration(one: Variant, other: Variant) -> bool:
    """Whether two variants run alike: same factory, preparation, launch, parameters and scheduler.

    Their promises and the way they are judged make no difference to that.
    """
    return _what_runs(one) == _what_runs(other)


def _what_runs(variant: Variant) -> bytes:
    facts = [variant.factory, variant.prepare, variant.launch, variant.params, variant.scheduler]
    return msgspec.json.encode(facts, enc_hook=_plain, order="sorted")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):  # a read-only view, say
        return dict(value)
    raise TypeError(f"{value!r} of type {type(value).__name__} cannot be written as JSON")
