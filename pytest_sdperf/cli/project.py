"""A project as pytest knows it: where its baselines lie, and the variants that its conftests declare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_sdperf.base.collecting import CollectingError, collect
from pytest_sdperf.doctor.runnable import known_variants
from pytest_sdperf.errors import CaseError, OptionError
from pytest_sdperf.launch.temporary import temporary_folder
from pytest_sdperf.variant import Variant

_PLUGIN = "pytest_sdperf.plugin.hooks"
_CURE = "Fix it, or name the folder with --baselines=DIR."


def baselines_folder(named: str | None) -> Path:
    """The folder that ``--baselines`` names, else the one that `pytest --sdperf` would use in this folder.

    That is `sdperf_baselines` of pytest's configuration (default `baselines`), relative to pytest's rootdir.
    Conftests are not run. Raises OptionError for a folder that is not there and a configuration that pytest refuses.
    """
    folder = Path(named) if named else _of_pytest()
    if not folder.is_dir():
        raise OptionError(
            f"there is no folder {str(folder)!r}",
            where="--baselines" if named else "pytest's rootdir",
            cure="Name the folder with --baselines=DIR, or record baselines: pytest --sdperf --sdperf-update=new.",
        )
    return folder


def variants_of(tests: Sequence[str]) -> tuple[list[tuple[Variant, str]], list[str]]:
    """Every variant with who declares it, and what could not be loaded, as sentences.

    Built-in ones and those of installed packages; with ``tests`` (folders or files of tests) also those of the
    conftests there. These are run, as by pytest; test modules are not. Raises CaseError where that fails.
    """
    registry, problems = known_variants()
    known = {name: (registry[name], registry.origin(name)) for name in registry}
    if tests:
        where = ", ".join(tests)
        known |= {v.name: (v, f"conftest of {where}") for v in _collected(tests) if v.name not in known}
    return list(known.values()), problems


def _of_pytest() -> Path:
    from importlib.metadata import entry_points

    import pytest

    from pytest_sdperf.options import resolve

    installed = any(point.value == _PLUGIN for point in entry_points(group="pytest11"))
    # No conftest and no capturing: only the configuration is read.
    arguments = ["--noconftest", "-s", "--assert=plain", *([] if installed else ["-p", _PLUGIN])]
    try:
        config = pytest.Config.fromdictargs({}, arguments)
        said = config.getini("sdperf_baselines")
    except (pytest.UsageError, OSError, ValueError) as error:
        raise OptionError(
            f"pytest's configuration cannot be read: {error}", where=str(Path.cwd()), cure=_CURE
        ) from error
    options = resolve(command_line={}, ini={"baselines": said})
    folder = Path(config.rootpath, options.baselines)
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _collected(tests: Sequence[str]) -> tuple[Variant, ...]:
    for path in tests:
        if not Path(path).exists():
            raise CaseError(f"there is no {path!r}", where="--tests", cure="Name a folder or file of tests.")
    with temporary_folder() as folder:
        try:
            return collect([str(Path(path).absolute()) for path in tests], folder).variants
        except CollectingError as error:
            raise CaseError(
                f"the variants of {', '.join(tests)} cannot be collected: {error}",
                where="--tests",
                cure="Run `pytest --collect-only` there to see all that is wrong.",
            ) from error
