"""Today's environment with some packages at other versions: an environment of its own that holds only those.

All else is found in today's, which comes after them on the import path, so that no more is downloaded than differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from pytest_sdperf.base.environment.kept_environment import Run, digest_of, keep, python_in
from pytest_sdperf.base.environment.uv_program import UvError, find_uv
from pytest_sdperf.base.interpreter import Interpreter, interpreter_at, this_interpreter
from pytest_sdperf.diff.programs import Difference
from pytest_sdperf.errors import ComparisonError, ModelError
from pytest_sdperf.packages_below import packages_below
from pytest_sdperf.wording import listed

_WHERE = "--sdperf-base-env"
_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?")
_VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.!+_-]*")
"""Nothing else reaches uv: a stored file could name an address or an option."""

_OURS = "pytest-sdperf"
"""Measures both sides, with the version that runs this session."""

_NAMED = 2
"""Packages that a label names."""


def recorded_versions(found: Sequence[Difference]) -> dict[str, str]:
    """Package -> version that was recorded, of those of the differences that an index can give.

    What is installed from a folder or an address is not of an index, where that name may be a stranger's.
    """
    return {
        one.name: one.base
        for one in found
        if one.kind == "package" and one.base and one.name != _OURS
        if _NAME.fullmatch(one.name) and _VERSION.fullmatch(one.base) and _is_of_an_index(one.name)
    }


def interpreter_with(
    versions: Mapping[str, str], *, environ: Mapping[str, str], folder: Path, show: Callable[[str], None]
) -> Interpreter:
    """The interpreter of this session with ``versions`` in place of what it has of them; kept in the cache.

    uv runs in ``folder``; ``show`` takes a line of what goes on. Raises ComparisonError where they cannot be installed.
    """
    here = this_interpreter()
    # Without the standard library, and with the environments that this one lies over.
    today = [str(path) for path in (*here.libraries[2:], *packages_below(sys.path)) if path.is_dir()]

    def build(place: Path, run: Run) -> None:
        pins = [f"{name}=={version}" for name, version in sorted(versions.items())]
        run(place, ["pip", "install", "--python", str(python_in(place)), "--no-deps", "--no-build", *pins])
        packages = next(place.glob("lib*/python*/site-packages"))
        # Their own .pth files are left out: those of packages that are installed from a folder lead into a tree.
        (packages / "today.pth").write_text("".join(f"{path}\n" for path in dict.fromkeys(today)), encoding="utf-8")

    named = label_of(versions)
    try:
        kept = keep(
            digest_of([sorted(versions.items()), today], environ),
            build,
            names=named,
            tree=folder,
            uv=lambda: find_uv(environ, _WHERE),
            environ=environ,
            show=show,
        )
    except (UvError, ModelError) as error:
        reason = error.what if isinstance(error, ModelError) else str(error)
        raise ComparisonError(
            f"{named} cannot be installed next to today's: {reason}",
            where=_WHERE,
            cure="Look whether the index that uv uses has them (UV_DEFAULT_INDEX, uv.toml).",
        ) from error
    found = interpreter_at(kept.python, environ, _WHERE)
    # Libraries that are preloaded are those of today's environment, but for what an own package brings.
    return replace(
        found, prefix=here.prefix, libraries=(*found.libraries, *here.libraries), name=f"the recorded {named}"
    )


def label_of(versions: Mapping[str, str]) -> str:
    """``openvino 2026.3.1``; ``openvino 2026.3.1, nncf 3.1.0 and 2 more``."""
    return listed([f"{name} {version}" for name, version in sorted(versions.items())], _NAMED)


def _is_of_an_index(name: str) -> bool:
    """False for what is installed here from a folder or an address."""
    try:
        return not metadata.distribution(name).read_text("direct_url.json")
    except metadata.PackageNotFoundError:  # no longer: where it came from is not known
        return False
