"""Where a project's baselines lie: pytest itself is asked for its root and our ini key."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.errors import OptionError

_PLUGIN = "pytest_sdperf.plugin.hooks"
_CURE = "Mend it, or name the folder with --baselines=DIR."


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
