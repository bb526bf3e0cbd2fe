"""Parts of TOML files that decide on the libraries, in a form in which only real changes differ."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

_OF_PROJECT = ("name", "dependencies", "optional-dependencies", "requires-python")
"""The name, because extras refer to their own project by it."""

_OF_TOOLS = {
    "uv": (),
    "setuptools": ("dynamic",),
    "poetry": ("dependencies", "dev-dependencies", "group", "extras", "source"),
    "pdm": ("dev-dependencies", "source", "resolution"),
}
"""Tool -> its keys that count; none named: all of them."""

_IN_THE_TREE = {"editable", "virtual", "directory"}
"""Sources of a locked package that is part of the project: its own version is no library's."""


def toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises ValueError for one that is not valid."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # pytest brings it to such a Python
    return tomllib.loads(text)


def dependency_tables(pyproject: str) -> dict[str, Any]:
    """The tables of a pyproject.toml that decide on libraries; empty where it declares none.

    Raises ValueError where it is not valid TOML.
    """
    tables = toml(pyproject)
    project = _table(tables.get("project"))
    found: dict[str, Any] = {key: project[key] for key in _OF_PROJECT if key in project}
    dynamic = [name for name in ("dependencies", "optional-dependencies") if name in project.get("dynamic", ())]
    if dynamic:
        found["dynamic"] = dynamic
    found |= {key: tables[key] for key in ("dependency-groups", "build-system") if key in tables}
    for tool, keys in _OF_TOOLS.items():
        settings = _table(_table(tables.get("tool")).get(tool))
        if kept := {key: value for key, value in settings.items() if not keys or key in keys}:
            found[f"tool.{tool}"] = kept
    declares = {*found} - {"name", "build-system", "requires-python"}
    return found if declares else {}


def comparable_pyproject(text: str) -> str:
    """The dependency tables as one text; that of the file itself where it cannot be read."""
    return _as_text(dependency_tables, text)


def comparable_uv_lock(text: str) -> str:
    """Without what changes although no library does: times of upload, the revision, the project's own version."""
    return _as_text(_of_lock, text)


def locked_versions(text: str) -> dict[str, frozenset[str]]:
    """Package -> versions that a uv.lock or pylock.toml has of it; the project's own packages are left out.

    A text that cannot be read has none.
    """
    try:
        tables = toml(text)
    except ValueError:
        return {}
    found: dict[str, set[str]] = {}
    for package in [*tables.get("package", ()), *tables.get("packages", ())]:
        if not (_IN_THE_TREE & {*_table(package.get("source"))}) and "version" in package:
            found.setdefault(str(package["name"]), set()).add(str(package["version"]))
    return {name: frozenset(versions) for name, versions in found.items()}


def _of_lock(text: str) -> dict[str, Any]:
    tables = toml(text)
    packages = [_without_times(package) for package in tables.get("package", ())]
    for package in packages:
        if _IN_THE_TREE & {*_table(package.get("source"))}:
            package.pop("version", None)
    return {**tables, "revision": 0, "package": packages}


def _without_times(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_times(inner) for key, inner in value.items() if key != "upload-time"}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def _as_text(read: Any, text: str) -> str:
    try:
        return json.dumps(read(text), sort_keys=True, default=str)
    except ValueError:
        return text


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
