"""Build an environment with uv once, and keep it under a digest of all that it is made from."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.environment.dependency_files import Files
from pytest_sdperf.base.environment.install_plan import Plan
from pytest_sdperf.base.environment.installed_now import Versions, normalised
from pytest_sdperf.base.environment.uv_program import run_uv
from pytest_sdperf.models import cache

FOLDER = "environments"
"""In the cache."""

RECIPE = 2
"""Changes with how environments are made: those made otherwise are not used any more."""

_MANIFEST = "sdperf_environment.json"

Run = Callable[[Path, Sequence[str]], None]
"""Runs uv for the environment in a folder, with arguments."""

_UNUSED_DAYS = 30.0
"""After that an environment is removed when another one is built: each has the size of its libraries."""

_STEERING = (
    "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_STRATEGY", "UV_FIND_LINKS",
    "UV_NO_INDEX", "UV_TORCH_BACKEND", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_PRERELEASE", "UV_RESOLUTION",
    "UV_EXCLUDE_NEWER", "UV_NO_BINARY", "UV_NO_BUILD", "UV_NO_SOURCES", "UV_CONFIG_FILE", "UV_FORK_STRATEGY",
)  # fmt: skip
"""Variables of uv that decide on what it installs."""

_BUILT_ARCHIVES = ("*.whl", "*.tar.gz", "*.zip")
"""Packages that a tree may bring itself."""


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Written last: the environment is complete."""

    recipe: int
    made_from: str
    versions: dict[str, str]


@dataclass(frozen=True)
class KeptEnvironment:
    """An environment that is complete."""

    python: Path
    versions: Mapping[str, str]
    "normalised name of a package -> version, as it was built"
    built_s: float | None
    "how long that took; None: it was there"

    @property
    def folder(self) -> Path:
        return self.python.parents[1]


def kept_environment(
    plan: Plan,
    base: Files,
    tree: Path,
    *,
    uv: Callable[[], Path],
    environ: Mapping[str, str],
    preferred: Versions,
    show: Callable[[str], None],
) -> KeptEnvironment:
    """The environment of ``plan``, built in the cache where it is not there.

    It is built beside its place and moved there as a whole, under a lock: what a killed session leaves is never used,
    and removed by the next one that builds it. ``tree`` has the base's files; ``preferred`` are the versions to
    take where the files leave a choice; ``show`` takes a line of what goes on. Raises UvError, ModelError where the
    cache cannot be written, and whatever ``uv`` raises, which is called only to build.
    """

    def build(folder: Path, run: Run) -> None:
        _build(folder, plan, tree, preferred, run)

    digest = _digest(plan, base, tree, environ, preferred)
    return keep(digest, build, names=plan.names, tree=tree, uv=uv, environ=environ, show=show)


def keep(
    digest: str,
    build: Callable[[Path, Run], None],
    *,
    names: str,
    tree: Path,
    uv: Callable[[], Path],
    environ: Mapping[str, str],
    show: Callable[[str], None],
) -> KeptEnvironment:
    """The environment under ``digest``; where it is not there, ``build`` fills a folder by runs of uv in ``tree``.

    ``names`` says what it is made from, ``show`` takes a line of what goes on. Raises as `kept_environment`.
    """
    target = cache.cache_dir() / FOLDER / digest[:20]
    with cache.locked(target):
        manifest = _complete(target)
        begun_s = time.monotonic()
        if manifest is not None:
            os.utime(target / _MANIFEST)  # it is in use
            return KeptEnvironment(python_in(target), manifest.versions, None)
        _remove_unused(target.parent)
        program = uv()

        def run(folder: Path, arguments: Sequence[str]) -> None:
            settings = {"UV_PROJECT_ENVIRONMENT": str(folder)}
            run_uv(program, arguments, cwd=tree, environ=environ, settings=settings)

        def fill(folder: Path) -> None:
            # Relocatable, because it is moved to its place when it is whole.
            place = ["--allow-existing", "--relocatable", "--no-project", "--python", sys.executable]
            run(folder, ["venv", "--quiet", *place, str(folder)])
            build(folder, run)
            manifest = _Manifest(RECIPE, names, _versions(folder))
            (folder / _MANIFEST).write_bytes(msgspec.json.encode(manifest))

        show(f"building the base's environment from {names} with uv")
        cache.publish(target, fill)
        manifest = _complete(target)
        if manifest is None:
            raise RuntimeError(f"{target} was built and is not complete")
        return KeptEnvironment(python_in(target), manifest.versions, time.monotonic() - begun_s)


def _build(folder: Path, plan: Plan, tree: Path, preferred: Versions, run: Run) -> None:
    pins = folder / "preferred.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in sorted(preferred.items())), encoding="utf-8")
    for command in plan.commands(python_in(folder), pins):
        run(folder, command)
    of_tree = _from_the_tree(folder, tree)
    if of_tree:  # its code comes from the base's tree, by the import path
        run(folder, ["pip", "uninstall", "--python", str(python_in(folder)), *of_tree])


def _from_the_tree(folder: Path, tree: Path) -> list[str]:
    """Packages that were installed from a folder of the tree (`-e .`), which is gone after the session."""
    found = []
    for package in _installed(folder):
        direct = msgspec.json.decode(package.read_text("direct_url.json") or "{}")
        url = str(direct.get("url", ""))
        if (
            "dir_info" in direct
            and url.startswith("file://")
            and Path(url.removeprefix("file://")).is_relative_to(tree)
        ):
            found.append(str(package.metadata["Name"]))
    return found


def _versions(folder: Path) -> dict[str, str]:
    return {normalised(package.metadata["Name"]): package.version for package in _installed(folder)}


def _installed(folder: Path) -> Sequence[metadata.Distribution]:
    return [*metadata.distributions(path=[str(path) for path in sorted(folder.glob("lib*/python*/site-packages"))])]


def digest_of(facts: Sequence[object], environ: Mapping[str, str]) -> str:
    """Of ``facts``, the interpreter, the platform, and what steers uv's choice."""
    python = [sys.implementation.cache_tag, sys.version, getattr(sys, "_base_executable", sys.executable)]
    steering = [(name, _without_secret(environ[name])) for name in _STEERING if name in environ]
    return hashlib.sha256(msgspec.json.encode([RECIPE, *facts, python, sysconfig.get_platform(), steering])).hexdigest()


def _digest(plan: Plan, base: Files, tree: Path, environ: Mapping[str, str], preferred: Versions) -> str:
    """Of the files and what they lead to, too."""
    files = [(file.name, file.comparable) for file in plan.files]
    files += [(file.name, file.comparable) for file in base.values() if file.is_included and not plan.is_locked]
    archives = git(tree, "ls-files", "--stage", "--", *_BUILT_ARCHIVES).out
    choice = [] if plan.is_locked else sorted(preferred.items())
    return digest_of([sorted(files), plan.extras, archives, choice], environ)


def _without_secret(value: str) -> str:
    """An index's address without its user and password, which may be new in each job."""
    return re.sub(r"//[^/\s@]+@", "//", value)


def _complete(folder: Path) -> _Manifest | None:
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=_Manifest)
    except (OSError, msgspec.MsgspecError):
        return None
    # The interpreter that it was made with may be gone.
    return manifest if manifest.recipe == RECIPE and python_in(folder).exists() else None


def python_in(folder: Path) -> Path:
    """The interpreter of the environment in ``folder``."""
    return folder / "bin" / "python"


def _remove_unused(folder: Path) -> None:
    oldest_s = time.time() - _UNUSED_DAYS * 86_400
    for manifest in folder.glob(f"*/{_MANIFEST}"):
        if manifest.stat().st_mtime < oldest_s:
            shutil.rmtree(manifest.parent, ignore_errors=True)
