"""Requirements files: the lines that count, the files that they include, and the packages that they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_INCLUDE = re.compile(r"(?:-[rc]\s*|--(?:requirement|constraint)(?:\s+|=))(?P<file>\S.*)")


def lines_of(text: str) -> list[str]:
    """Lines that count: joined where they end in a backslash, without comments and blanks."""
    joined = re.sub(r"\\\r?\n", " ", text)
    stripped = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [" ".join(line.split()) for line in stripped if line]


def included(text: str) -> list[str]:
    """Files that a requirements file includes, as it names them."""
    found = (_INCLUDE.fullmatch(line) for line in lines_of(text))
    return [match["file"].strip("'\"") for match in found if match]


def has_hashes(text: str) -> bool:
    """Whether it pins files by their hashes, as a lock does."""
    return any("--hash=" in line or line == "--require-hashes" for line in lines_of(text))


def requirements_of(lines: Iterable[str]) -> Iterator[Requirement]:
    """The requirements among the lines whose markers hold here; options, paths and bare addresses are passed over."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        try:
            requirement = Requirement(re.split(r"\s--hash=", line, maxsplit=1)[0])
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
