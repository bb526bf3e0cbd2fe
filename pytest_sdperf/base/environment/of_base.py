"""Settle which libraries the base runs with: today's environment, or one that is made from its own files."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.environment.dependency_files import Files, Kind, described, differing, find_files
from pytest_sdperf.base.environment.install_plan import check_extras, plan_for
from pytest_sdperf.base.environment.installed_now import (
    Versions,
    chosen_extras,
    installed_versions,
    not_installed,
    python_refused,
)
from pytest_sdperf.base.environment.kept_environment import KeptEnvironment, kept_environment
from pytest_sdperf.base.environment.uv_program import UvError, find_uv
from pytest_sdperf.errors import ComparisonError, ModelError
from pytest_sdperf.options import DEFAULT_DEPENDENCY_FILES
from pytest_sdperf.units import format_seconds
from pytest_sdperf.wording import listed

OPTION = "--sdperf-base-env"
BUILD = "build"
BUILT = f"{OPTION}={BUILD}"
"""As messages name it."""
_NAMED = 8
"""Files that a note names."""


@dataclass(frozen=True)
class Libraries:
    """How the options want the base's libraries."""

    base_env: str = "auto"
    "`auto` and `same`: today's environment; `build`: one of the base's own, where its files differ"
    files: Sequence[str] = DEFAULT_DEPENDENCY_FILES
    "patterns of the files that decide on libraries"
    extras: Sequence[str] = ()
    "extras and groups to install; none named: those that today's environment has"


@dataclass(frozen=True)
class LibrariesOfBase:
    """The libraries that the base runs with."""

    environment: KeptEnvironment | None
    "None: today's"
    notes: tuple[str, ...]
    made_from: str = ""
    "names of the files, for people"


def libraries_of_base(
    wanted: Libraries,
    *,
    label: str,
    trees: tuple[Path, Path],
    rootdirs: tuple[Path, Path],
    environ: Mapping[str, str],
    show: Callable[[str], None],
) -> LibrariesOfBase:
    """The libraries for the base called ``label``; ``trees`` and ``rootdirs`` are (the base's, the head's).

    ``show`` takes a line of what goes on. Raises ComparisonError where an environment is wanted and cannot be
    made from the base's files.
    """
    base = find_files(trees[0], rootdirs[0], wanted.files, ignored=lambda _: ())
    head = find_files(trees[1], rootdirs[1], wanted.files, ignored=lambda names: _ignored(trees[1], names))
    names = differing(base, head)
    spoken = listed(described(names, base, head), _NAMED)
    if not names:
        found = listed(sorted(base), _NAMED) or "none were found"
        note = (
            f"{BUILT}: the dependency files ({found}) are those of {label}, so nothing was built and both use "
            "this environment"
        )
        return LibrariesOfBase(None, (note,) if wanted.base_env == BUILD else ())
    if wanted.base_env != BUILD:
        verb = "differs" if len(names) == 1 else "differ"
        note = (
            f"{spoken} {verb} from {label}, and both use today's environment: what the libraries cost is not measured. "
            f"{BUILT} builds the base's"
        )
        return LibrariesOfBase(None, (note,))
    plan = plan_for(base, names, label, BUILT)
    if plan is None:
        note = f"{BUILT}: {spoken} differs from {label}, but the lock does not, so both use this environment"
        return LibrariesOfBase(None, (note,))
    if asked := python_refused(base):
        raise ComparisonError(
            f"{label} wants Python {asked}, and this is {platform.python_version()}",
            where=BUILT,
            cure="Run pytest with a Python that both allow, or name the base's with --sdperf-against-python.",
        )
    versions = installed_versions()
    plan = replace(plan, extras=tuple(_extras(wanted, base, head, label, versions)))
    if lacking := not_installed(base, head, plan.extras, versions):
        raise ComparisonError(
            f"this environment is not the head's: {listed(lacking, 3)}",
            where=BUILT,
            cure="Install what the head's files ask for, then run again.",
        )
    try:
        kept = kept_environment(
            plan,
            base,
            trees[0],
            uv=lambda: find_uv(environ, BUILT),
            environ=environ,
            preferred=versions,
            show=show,
        )
    except UvError as error:
        network = "Look whether the network and the index that uv uses can be reached (UV_DEFAULT_INDEX, uv.toml)"
        files = f"Look into {listed([file.name for file in plan.files])} of {label}"
        raise ComparisonError(
            f"uv cannot make the environment of {label} from {plan.names}: {error}",
            where=BUILT,
            cure=f"{network if error.is_network else files}, or measure both in this environment with {OPTION}=same.",
            log_tail=error.log_tail,
        ) from error
    except ModelError as error:
        raise ComparisonError(error.what, where=error.where or BUILT, cure=error.cure) from error
    done = "kept from before" if kept.built_s is None else f"built in {format_seconds(kept.built_s)}"
    note = f"{label} ran with libraries of its own, from {plan.names} ({done}: {kept.folder})"
    return LibrariesOfBase(kept, (note, *_other_python(trees[0], rootdirs[0], label)), plan.names)


def _extras(wanted: Libraries, base: Files, head: Files, label: str, versions: Versions) -> list[str]:
    if wanted.extras:
        return check_extras([name for name in wanted.extras if name != "none"], base, head, label)
    found: list[str] = []
    for name, file in base.items():
        if file.kind is Kind.PROJECT:
            found += chosen_extras(file.text, head[name].text if name in head else None, versions)
    return found


def _other_python(tree: Path, rootdir: Path, label: str) -> list[str]:
    """A note where the base pins another Python than this one."""
    for folder in (rootdir, *rootdir.parents):
        pin = folder / ".python-version"
        if folder.is_relative_to(tree) and pin.is_file():
            wanted = (
                pin.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip().removeprefix("cpython-")
            )
            here = platform.python_version()
            if wanted[:1].isdigit() and not f"{here}.".startswith(f"{wanted}."):
                return [f"{label} pins Python {wanted} (.python-version); its environment was made with {here}"]
            break
    return []


def _ignored(top: Path, names: Sequence[str]) -> list[str]:
    """Those that git ignores."""
    return git(top, "check-ignore", "--", *names).out.splitlines() if names else []
