"""Compare what files ask for with the environment that runs this session."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from pytest_sdperf.base.environment.dependency_files import DependencyFile, Files, Kind
from pytest_sdperf.base.environment.dependency_tables import dependency_tables, locked_versions
from pytest_sdperf.base.environment.requirement_lines import lines_of, requirements_of

Versions = Mapping[str, str]
"""Normalised name of a package -> its version."""


def installed_versions() -> dict[str, str]:
    """What is installed here, apart from editable installs and packages from folders and addresses."""
    found: dict[str, str] = {}
    for package in metadata.distributions():
        name = package.metadata["Name"]
        if name and package.read_text("direct_url.json") is None:
            found.setdefault(normalised(name), package.version)
    return found


def normalised(name: str) -> str:
    """As indexes spell a package: ``Foo_Bar`` -> ``foo-bar``."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def chosen_extras(base: str, head: str | None, versions: Versions) -> list[str]:
    """Extras and dependency groups of the base's pyproject.toml whose packages this environment has.

    ``head`` is the head's pyproject.toml, None where there is none. Where the head declares the same extra,
    its versions must fit, too, unless the change itself altered them: of two alternatives of one library
    (for a CPU, for a GPU) only the one that is in use counts.
    """
    declared, current = extras_of(base), extras_of(head or "")
    found = []
    for name, lines in declared.items():
        now = current.get(name, [])
        asked = [*requirements_of(lines)]
        fits = [*requirements_of(line for line in now if line in lines)]
        is_there = all(normalised(r.name) in versions for r in asked)
        if asked and is_there and all(_fits(r, versions) for r in fits):
            found.append(name)
    return sorted(found)


def extras_of(pyproject: str) -> dict[str, list[str]]:
    """Extra or group -> the requirements in it, those of the extras and groups that it names included.

    One name for an extra and for a group has the requirements of both.
    """
    try:
        tables = dependency_tables(pyproject)
    except ValueError:
        return {}
    project = normalised(str(tables.get("name", "")))
    extras: Mapping[str, Any] = tables.get("optional-dependencies", {})
    groups: Mapping[str, Any] = tables.get("dependency-groups", {})

    def flat(entries: Iterable[Any], seen: frozenset[str]) -> list[str]:
        lines: list[str] = []
        for entry in entries:
            if isinstance(entry, Mapping):
                inner = str(entry.get("include-group", ""))
                lines += flat(groups.get(inner, ()), seen | {inner}) if inner not in seen else []
                continue
            own = [r for r in requirements_of([str(entry)]) if project and normalised(r.name) == project]
            for extra in own[0].extras if own else ():
                lines += flat(extras.get(extra, ()), seen | {extra}) if extra not in seen else []
            lines += [] if own else [str(entry)]
        return lines

    found: dict[str, list[str]] = {}
    for table in (extras, groups):
        for name, entries in table.items():
            found[name] = [*found.get(name, []), *flat(entries, frozenset({name}))]
    return found


def not_installed(base: Files, head: Files, extras: Iterable[str], versions: Versions) -> list[str]:
    """Packages for which the head asks anew, and which are installed here in another version.

    As sentences: ``inkwell 1.0 is installed, requirements.txt asks for inkwell==2.0``. Of packages that are not
    installed nothing is said: they may be of another platform or an extra.
    """
    found: dict[str, None] = {}
    for name, file in head.items():
        before = base.get(name)
        if file.kind in (Kind.UV_LOCK, Kind.PYLOCK):
            old = locked_versions(before.text) if before else {}
            for package, locked in locked_versions(file.text).items():
                here = versions.get(normalised(package))
                if here and locked != old.get(package) and not any(_is_version(here, v) for v in locked):
                    found[f"{package} {here} is installed, {name} has {' or '.join(sorted(locked))}"] = None
            continue
        lines = {*_asked_by(before, extras)} if before else set()
        for requirement in requirements_of(line for line in _asked_by(file, extras) if line not in lines):
            if not _fits(requirement, versions):
                here = versions[normalised(requirement.name)]
                found[f"{requirement.name} {here} is installed, {name} asks for {requirement}"] = None
    return list(found)


def _asked_by(file: DependencyFile, extras: Iterable[str]) -> list[str]:
    if file.kind in (Kind.REQUIREMENTS, Kind.CONSTRAINTS):
        return lines_of(file.text)
    if file.kind is not Kind.PROJECT:
        return []
    try:
        plain = dependency_tables(file.text).get("dependencies", [])
    except ValueError:
        return []
    of_extras = extras_of(file.text)
    return [*plain, *(line for extra in extras for line in of_extras.get(extra, ()))]


def python_refused(base: Files) -> str:
    """The `requires-python` of a pyproject.toml of the base that excludes this interpreter; empty: none does."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for file in base.values():
        if file.kind is Kind.PROJECT and not file.is_included:
            try:
                asked = str(dependency_tables(file.text).get("requires-python", ""))
                fits = SpecifierSet(asked).contains(".".join(map(str, sys.version_info[:3])), prereleases=True)
            except (ValueError, InvalidSpecifier):
                continue
            if not fits:
                return asked
    return ""


def _fits(requirement: Any, versions: Versions) -> bool:
    """Whether the installed version is one that is asked for; one that is not installed or has an address passes."""
    here = versions.get(normalised(requirement.name))
    return here is None or bool(requirement.specifier.contains(here, prereleases=True))


def _is_version(here: str, locked: str) -> bool:
    """``2.8.0+cpu`` is ``2.8.0``, where the lock has no local part."""
    return here == locked or here.partition("+")[0] == locked
