"""Differences between the programs of base and head, as values."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pytest_sdperf.program import Program
from pytest_sdperf.wording import listed


class Difference(msgspec.Struct, frozen=True):
    """One part of two programs that is not the same."""

    kind: str
    """`module`, `place`, `file`, `installed`, `outside`, `names`, `model`, `python`, `package`, `variable`, `setting`
    or `workload`"""
    name: str
    "the module, the path, the package …; empty for `names`, `model` and `python`"
    base: str
    "digest, version or value in the base; empty: the base has none"
    head: str


_MAPPINGS = (
    ("module", "modules"),
    ("place", "places"),
    ("file", "files"),
    ("installed", "installed"),
    ("outside", "outside"),
    ("package", "packages"),
    ("variable", "variables"),
    ("setting", "settings"),
    ("workload", "workload"),
)
"""(kind of a difference, field of Program), in the order in which people read them; model and python come between."""

_TEXTS = {
    "module": "module {}",
    "place": "the place of module {}",
    "file": "file {}",
    "installed": "the code of the installed {}",
    "outside": "file {}",
    "names": "the names of the tree's files",
    "model": "the model",
    "python": "the interpreter",
    "package": "the version of {}",
    "variable": "the variable {}",
    "setting": "the variant's {}",
    "workload": "the workload's {}",
}

_SHOWN = 3
"""Differences that a clause names."""


def differences(base: Program, head: Program) -> list[Difference]:
    """Every difference, by kind and then by name."""
    single = [
        Difference(kind, "", there, here)
        for kind, there, here in (
            ("names", base.names, head.names),
            ("model", base.model_digest, head.model_digest),
            ("python", base.python, head.python),
        )
        if there != here
    ]
    found = {kind: _of_mapping(kind, getattr(base, field), getattr(head, field)) for kind, field in _MAPPINGS}
    code, rest = ("module", "place", "file", "outside"), ("installed", "package", "variable", "setting", "workload")
    return [*(d for k in code for d in found[k]), *single, *(d for k in rest for d in found[k])]


def is_same(base: Program, head: Program) -> bool:
    """Whether both are one program, and that is certain: nothing differs, and nothing is unknown of either."""
    return not base.unknown and not head.unknown and base == head


def _of_mapping(kind: str, base: Mapping[str, str], head: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(kind, name, base.get(name, ""), head.get(name, ""))
        for name in sorted({*base, *head})
        if base.get(name) != head.get(name)
    ]


def why_not_same(base: Program, head: Program) -> str:
    """Why two programs are not known to be the same, as a clause: what differs, or what is not known."""
    unknown = [why for why in dict.fromkeys((*base.unknown, *head.unknown)) if why]
    if found := [_TEXTS[d.kind].format(d.name) for d in differences(base, head)]:
        differ = "differs" if len(found) == 1 else "differ"
        return f"{listed(found, _SHOWN)} {differ}"
    return listed(unknown, _SHOWN)
