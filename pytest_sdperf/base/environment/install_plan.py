"""Decide which of the base's files its environment is made from, and with which commands of uv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_sdperf.base.environment.dependency_files import DependencyFile, Files, Kind
from pytest_sdperf.base.environment.dependency_tables import dependency_tables
from pytest_sdperf.base.environment.installed_now import extras_of
from pytest_sdperf.base.environment.requirement_lines import has_hashes
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.wording import listed

FILES_OPTION = "--sdperf-dependency-files"
EXTRAS_OPTION = "--sdperf-base-env-extras"

_CURES = {
    "poetry.lock": "Export it and commit that (poetry export -f requirements.txt -o requirements.txt), then name it: "
    f"{FILES_OPTION}=requirements.txt",
    "pdm.lock": "Export it and commit that (pdm export -f pylock -o pylock.toml), then name it: "
    f"{FILES_OPTION}=pylock.toml",
    "Pipfile.lock": "Export it and commit that (pipenv requirements > requirements.txt), then name it: "
    f"{FILES_OPTION}=requirements.txt",
}
_OTHERWISE = "or measure both in this environment with --sdperf-base-env=same"


@dataclass(frozen=True)
class Plan:
    """What the base's environment is made from."""

    files: tuple[DependencyFile, ...]
    "those that uv is given; what they include comes with them"
    extras: tuple[str, ...]
    "extras and groups of the pyproject.toml"

    @property
    def is_locked(self) -> bool:
        """Whether the files name every version."""
        return self.files[0].kind in (Kind.UV_LOCK, Kind.PYLOCK) or any(has_hashes(file.text) for file in self.files)

    @property
    def names(self) -> str:
        """``requirements.txt and pyproject.toml with extra openvino``."""
        files = " and ".join(file.name for file in self.files)
        return f"{files} ({', '.join(self.extras)})" if self.extras else files

    def commands(self, python: Path, preferred: Path) -> list[list[str]]:
        """Arguments of uv, command by command, to be run in the folder of the tree's top.

        ``python`` is the new environment's; ``preferred`` is a file of versions to take where the files leave a
        choice, which the first command makes the file of all versions. No name of a file or an extra can be taken
        for an option.
        """
        first = self.files[0]
        if first.kind is Kind.UV_LOCK:
            folder = str(Path(self.files[-1].name).parent)  # of the project, which may be a member of a workspace
            flags = ["--frozen", "--no-install-project", "--no-install-workspace", "--no-default-groups"]
            return [["sync", *flags, "--project", folder, "--python", str(python), *self._extras_of_lock()]]
        if first.kind is Kind.PYLOCK:
            return [["pip", "sync", "--python", str(python), "--preview", f"./{first.name}"]]
        asked = self._asked()
        if self.is_locked:
            return [["pip", "install", "--python", str(python), *asked]]
        compile_ = ["pip", "compile", "--python", str(python), "--quiet", "--no-header", "--no-annotate"]
        sources = [part for part in asked if part != "-r"]
        return [
            [*compile_, *sources, "-o", str(preferred)],
            ["pip", "install", "--python", str(python), *asked, "-c", str(preferred)],
        ]

    def _asked(self) -> list[str]:
        asked: list[str] = []
        for file in self.files:
            if file.kind is Kind.CONSTRAINTS:
                asked += ["-c", f"./{file.name}"]
            elif file.kind is Kind.PROJECT:
                tables = _tables(file)
                extras = [e for e in self.extras if e in tables.get("optional-dependencies", {})]
                groups = [g for g in self.extras if g in tables.get("dependency-groups", {})]
                if not tables or {"dependencies", "dynamic", "optional-dependencies"} & {*tables}:
                    asked += ["-r", f"./{file.name}"]
                asked += [f"--extra={extra}" for extra in extras]
                asked += [f"--group=./{file.name}:{group}" for group in groups]
            else:
                asked += ["-r", f"./{file.name}"]
        return asked

    def _extras_of_lock(self) -> list[str]:
        tables = _tables(self.files[-1])
        kinds = (("extra", "optional-dependencies"), ("group", "dependency-groups"))
        return [f"--{kind}={extra}" for extra in self.extras for kind, table in kinds if extra in tables.get(table, {})]


def plan_for(base: Files, differing: Sequence[str], label: str, where: str) -> Plan | None:
    """The plan for the files of the base; ``extras`` is left open. ``differing`` are the names that differ.

    uv.lock or pylock.toml stands alone; all others are used together, but a pyproject.toml not next to
    requirements with hashes. None where the lock is the same in both: so are the libraries. Raises ComparisonError
    where uv cannot read a file that counts, and where it is not clear which of them counts.
    """
    given = [file for file in base.values() if not file.is_included]
    if not given:
        raise ComparisonError(
            f"{label} has none of the dependency files {listed(differing)}, so its libraries are not known",
            where=where,
            cure=f"Name files that it has ({FILES_OPTION}=…), {_OTHERWISE}.",
        )
    locks = [file for file in given if file.kind in (Kind.UV_LOCK, Kind.PYLOCK)]
    if len(locks) > 1:
        raise ComparisonError(
            f"{label} has several locks: {listed([lock.name for lock in locks], 5)}",
            where=where,
            cure=f"Name the one that you install from, {FILES_OPTION}={Path(locks[0].name).name} say.",
        )
    foreign = [file for file in given if file.kind is Kind.FOREIGN]
    if foreign and not locks:
        name = Path(foreign[0].name).name
        cure = _CURES.get(name, f"Leave it out and name files that uv reads: {FILES_OPTION}=requirements.txt, say")
        what = f"uv cannot read {foreign[0].name} of {label}"
        raise ComparisonError(what, where=where, cure=f"{cure}; {_OTHERWISE}.")
    if locks:
        projects = [f for f in given if f.kind is Kind.PROJECT and f.name.endswith("pyproject.toml")]
        files = [locks[0], *(projects if locks[0].kind is Kind.UV_LOCK else [])]
    else:
        hashed = any(has_hashes(file.text) for file in given)
        order = {Kind.REQUIREMENTS: 0, Kind.PROJECT: 1, Kind.CONSTRAINTS: 2}
        files = sorted((f for f in given if not (hashed and f.kind is Kind.PROJECT)), key=lambda f: order[f.kind])
        if all(file.kind is Kind.CONSTRAINTS for file in files):
            raise ComparisonError(
                f"{label} has constraints only ({listed([f.name for f in files])}), and asks for no library",
                where=where,
                cure=f"Name the files that do ({FILES_OPTION}=…), {_OTHERWISE}.",
            )
    with_them = [] if locks else [file for file in base.values() if file.is_included]
    used = {file.name for file in ([locks[0]] if locks else [*files, *with_them])}
    altered = [name for name in differing if name in base]
    if altered and not used & {*altered}:
        if all(base[name].kind is Kind.PROJECT for name in altered):
            return None
        raise ComparisonError(
            f"{listed(altered)} differs, but the environment of {label} would be made from "
            f"{listed([f.name for f in files])}, which does not",
            where=where,
            cure=f"Name the files that you install from: {FILES_OPTION}={Path(altered[0]).name}, say.",
        )
    return Plan(tuple(files), ())


def check_extras(asked: Sequence[str], base: Files, head: Files, label: str) -> list[str]:
    """The extras and groups of those asked for that the base has. Raises ComparisonError for one that neither has."""
    has = [{name for file in files.values() if file.kind is Kind.PROJECT for name in extras_of(file.text)}
           for files in (base, head)]  # fmt: skip
    for name in asked:
        if name not in has[0] | has[1]:
            raise ComparisonError(
                f"{name!r} is no extra and no dependency group of {label} or of the head",
                where=EXTRAS_OPTION,
                cure=f"Use some of: {', '.join(sorted(has[0]))}."
                if has[0]
                else "Leave the option out: there are none.",
            )
    return [name for name in asked if name in has[0]]


def _tables(file: DependencyFile) -> dict[str, Any]:
    try:
        return dependency_tables(file.text)
    except ValueError:
        return {}
