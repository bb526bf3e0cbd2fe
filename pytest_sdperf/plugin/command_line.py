"""The command line as the person or workflow that started the run wrote it, without what the tree's own files add.

pytest puts `addopts` of the settings file before the command line, so that both look alike afterwards. Under
--sdperf-baselines-from they must not: `addopts` is the word of the revision that it stands in.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sdperf.options import given_options, resolve
from pytest_sdperf.plugin.tree_environment import environment_watch

if TYPE_CHECKING:
    from pytest_sdperf.base.set_up import Invocation

_COMMAND_LINE = pytest.StashKey[argparse.Namespace]()

_VALUES = {
    "-c": "inifilename",
    "--rootdir": "rootdir",
    "--confcutdir": "confcutdir",
    "--import-mode": "importmode",
    "-k": "keyword",
    "-m": "markexpr",
}
"""Options with one value -> pytest's name for it: settings, how tests are collected, and which are selected."""

_LISTS = {
    "-p": "plugins",
    "-o": "override_ini",
    "--doctest-glob": "doctestglob",
    "--deselect": "deselect",
    "--ignore": "ignore",
    "--ignore-glob": "ignore_glob",
}
"""The same, for options that may be repeated."""

_FLAGS = {
    "--noconftest": "noconftest",
    "--doctest-modules": "doctestmodules",
    "--doctest-ignore-import-errors": "doctest_ignore_import_errors",
    "--keep-duplicates": "keepduplicates",
    "--collect-in-virtualenv": "collect_in_virtualenv",
    "--disable-plugin-autoload": "disable_plugin_autoload",
}
"""The same, for options without a value. `--pyargs` is none of them: its arguments reach the base as paths."""


def command_line(config: pytest.Config) -> argparse.Namespace:
    """Options and paths of PYTEST_ADDOPTS and the command line, as pytest's own parser reads them.

    An option with one value that is not given there is None, whatever its default is.
    """
    if _COMMAND_LINE not in config.stash:
        environment = environment_watch(config)
        before = shlex.split(environment.addopts) if environment else []
        arguments = [*before, *map(str, config.invocation_params.args)]
        not_given: dict[str, Any] = dict.fromkeys(_VALUES.values())
        parser = config._parser  # noqa: SLF001 - nothing else reads a command line as pytest does
        config.stash[_COMMAND_LINE] = parser.parse_known_args(arguments, argparse.Namespace(**not_given))
    return config.stash[_COMMAND_LINE]


def levels(config: pytest.Config) -> dict[str, dict[str, object]]:
    """What each level says of our options, as `options.resolve` takes it: command line, addopts, ini."""
    return given_options(config, vars(command_line(config)))


def invocation(config: pytest.Config) -> Invocation:
    """How pytest was called, for the collection of the base: its paths, and the options that decide on what it takes.

    Of `--pyargs` the files are named that it leads to here.
    """
    from pytest_sdperf.base.completing import Completion
    from pytest_sdperf.base.set_up import Invocation

    given = vars(command_line(config))
    found: list[tuple[str, ...]] = []
    for table in (_VALUES, _LISTS):
        for option, name in table.items():
            values: Sequence[object] = given.get(name) or ()
            found += [(option, str(value)) for value in ([values] if isinstance(values, str) else values)]
    found += [(option,) for option, name in _FLAGS.items() if given.get(name)]
    paths, modules = list(given.get("file_or_dir") or ()), {}
    if config.option.pyargs:
        for number, argument in enumerate(paths):
            name, colons, rest = argument.partition("::")
            if (place := _place_of(name, spaces=config.getini("consider_namespace_packages"))) is not None:
                paths[number], modules[place] = f"{place}{colons}{rest}", name
    said = levels(config)
    options = resolve(**said)
    completion = Completion(options.base_carry, options.base_run, options.timeout)
    watch = environment_watch(config)
    variables = watch.variables if watch else None
    return Invocation(config.invocation_params.dir, paths, found, modules, said["command_line"], completion, variables)


def _place_of(module: str, *, spaces: bool) -> str | None:
    """The folder or file of a module, found as pytest finds it; None for what is no module.

    ``spaces`` says whether namespace packages count.
    """
    try:
        spec = find_spec(module)
    except (AttributeError, ImportError, ValueError):
        return None
    if spec is None or (spec.origin is None and not spaces):
        return None
    if spec.submodule_search_locations:
        return os.path.normpath(next(iter(spec.submodule_search_locations)))
    return spec.origin
