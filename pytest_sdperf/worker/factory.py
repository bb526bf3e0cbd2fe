"""Find the functions that a variant names, in the folders of the conftest that declares it first."""

from __future__ import annotations

import importlib
import os
import pkgutil
import site
import sys
import sysconfig
from collections.abc import Callable, Sequence
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import CaseError
from pytest_sdperf.pipeline import BuildContext


def context_of(spec: BuildSpec) -> BuildContext:
    """What a factory is called with."""
    return BuildContext(
        model_dir=Path(spec.model_dir) if spec.model_dir is not None else None,
        model_digest=spec.model_digest,
        cache_dir=Path(spec.cache_dir),
        sizes=spec.sizes,
        scheduler=spec.scheduler,
        params=spec.params,
    )


def put_first(folders: Sequence[str]) -> None:
    """Let modules be found in ``folders`` before those of other folders; processes that are started inherit it.

    A folder that has a module of a library's name goes last instead: a folder of tests called `openvino` must not take
    the library's place. (It already comes first where pytest has put it there.)
    """
    for folder in reversed(folders):
        others = [entry for entry in sys.path if os.path.realpath(entry) != folder]
        sys.path[:] = [*others, folder] if _hides_a_library(folder) else [folder, *others]
    if folders:
        first = [entry for entry in sys.path if entry in folders]
        given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*first, *given]))


def import_function(name: str, *, role: str, folders: Sequence[str] = ()) -> Callable[..., Any]:
    """The function that `package.module:function` names. Raises CaseError where there is none, or not only one.

    ``folders`` are those that were put first. An import that fails inside the module raises as it is: the traceback
    says more.
    """
    module_name, _, function_name = name.partition(":")
    if folders and (files := _ambiguous(module_name.partition(".")[0], folders)):
        raise CaseError(
            f"{role} is ambiguous: module {module_name.partition('.')[0]!r} may be {files[0]} or {files[1]}",
            where=name,
            cure=f"Rename one of them, or put the module into {folders[0]}, next to the conftest.py that declares it.",
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise CaseError(
            f"{role} cannot be imported: there is no module {error.name!r}",
            where=name,
            cure=_cure(name, folders),
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        found = "nothing" if function is None else repr(function)
        raise CaseError(
            f"{role} cannot be called: {module_name} has {found} under the name {function_name!r}",
            where=name,
            cure="Name a function of that module.",
        )
    return function  # type: ignore[no-any-return]  # an attribute found by name has no type


def _cure(name: str, folders: Sequence[str]) -> str:
    if not folders:
        return "Correct the name, install its package, or put it next to a conftest.py."
    module = name.partition(":")[0]
    for package in sorted(Path(folders[0]).iterdir()):
        if (package / "__init__.py").is_file() and (package / f"{module}.py").is_file():
            return f"The conftest lies in a package, so name the module with it: `{package.name}.{name}`."
    return f"Correct the name, install its package, or put it into {folders[0]}: there its conftest.py is."


def _ambiguous(module: str, folders: Sequence[str]) -> list[str]:
    """Two files that ``module`` may be; empty where it is clear which one is meant.

    The folder of the declaring conftest has it: then the first on the path must be that one. It has not: then pytest
    may have put the folder that comes first on the path only because tests were collected there, and a run of the
    declaring conftest's tests alone would import another one.
    """
    found: dict[str, str] = {}
    for entry in sys.path:
        spec = PathFinder.find_spec(module, [entry])
        if spec is not None and spec.has_location and spec.origin:
            found.setdefault(os.path.realpath(spec.origin), os.path.realpath(entry))
    files, entries = list(found), list(found.values())
    if len(files) < 2 or entries[0] == folders[0]:
        return []
    if folders[0] in entries:
        return [files[entries.index(folders[0])], files[0]]
    is_above = Path(folders[0]).is_relative_to(entries[0])
    return files[:2] if _has_tests(entries[0]) and not is_above else []


def _has_tests(folder: str) -> bool:
    names = ("conftest.py", "test_*.py", "*_test.py")
    return any(True for name in names for _ in Path(folder).glob(name))


def _hides_a_library(folder: str) -> bool:
    """Whether ``folder`` has a module that is now imported from a library."""
    for module in pkgutil.iter_modules([folder]):
        if module.name == "conftest" or module.name.startswith("test_") or module.name.endswith("_test"):
            continue
        spec = PathFinder.find_spec(module.name, sys.path)
        if spec is not None and spec.origin and _is_of_a_library(spec.origin):
            return True
    return False


def _is_of_a_library(file: str) -> bool:
    return any(Path(os.path.realpath(file)).is_relative_to(folder) for folder in _library_folders())


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return tuple(map(os.path.realpath, [*folders, *site.getsitepackages(), site.getusersitepackages()]))
