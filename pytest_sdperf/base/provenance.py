"""Decide from the files that workers loaded whether base and head each ran their own code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_sdperf.base.environment.of_base import BUILT
from pytest_sdperf.base.installed_copies import foreign_copies
from pytest_sdperf.base.target import AGAINST
from pytest_sdperf.base.trees import Home, Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.wording import listed

_EDITABLE = "install the project in editable mode (pip install -e .) or add its source folder to pytest's `pythonpath`"
_PYTHONPATH = "add its source folder to pytest's `pythonpath`, which is mapped into the revision"
_SHOWN = 3
"""Modules that a sentence names."""


def wrong_code(
    factory: str,
    head_files: Mapping[str, str],
    base_files: Mapping[str, str],
    trees: Trees,
    *,
    same_declaration: bool = True,
    own_libraries: bool = False,
    other_model: bool = False,
) -> ComparisonError | None:
    """The fault in the code that base and head ran, as an error to raise; None where all is well.

    ``factory`` is the variant's `package.module:function`; the files are those of the modules that each
    side's worker loaded. Where the two declare the variant differently (other parameters, say), a factory
    from outside of the repository may be the same in both: then it is the declaration that is compared.
    With ``own_libraries`` the base runs with those of another environment: what is installed, and is no code of the
    tree, is then what is compared.
    With ``other_model`` it is the models that are compared: code that is no part of the project may be the same.
    """
    module = factory.partition(":")[0]
    for side, files in (("head", head_files), ("base", base_files)):
        if module not in files:
            return _error(
                f"the worker of the {side} does not say which file the factory's module {module} comes from",
                "Give the variant a factory from a Python file",
            )
    head, base = (_root(module, files[module]) for files in (head_files, base_files))
    at_head, at_base = trees.home(head_files[module]), trees.home(base_files[module])
    if at_base == "head":
        return _error(
            f"the factory's module {module} of the base comes from the working tree ({base}), not from the revision",
            _capital(_PYTHONPATH),
        )
    loaded = ({module: head_files[module]}, {module: base_files[module]})
    is_installed = not any(_copies(files, trees) for files in loaded)
    is_comparable = not same_declaration or (is_installed and (own_libraries or other_model))
    if "elsewhere" in (at_head, at_base) and not (at_head == at_base and is_comparable):
        return _outside(module, (head, at_head), (base, at_base), trees)
    if at_head == "base" and trees.head != trees.base:
        return _error(
            f"the factory's module {module} of the head comes from the revision's tree ({head})",
            "Remove that folder from PYTHONPATH",
        )
    if stray := stray_code(base_files, trees, asked_by=AGAINST):
        return stray
    return None


def installed_code(factory: str, loaded: Mapping[str, str], trees: Trees) -> ComparisonError | None:
    """An error for installed copies that the head's worker ran though the compared trees have that code, too.

    ``loaded`` are all modules of that worker. Our own package is none of them: it measures. A factory that is installed
    itself is the matter of `wrong_code`.
    """
    own = (factory.partition(":")[0], "__main__")
    copies = _copies({name: file for name, file in loaded.items() if name not in own}, trees)
    if not copies:
        return None
    return _error(
        f"base and head run installed code in place of the revisions': {_first_ones(copies)}", _capital(_EDITABLE)
    )


def _copies(loaded: Mapping[str, str], trees: Trees) -> dict[str, str]:
    others = {name: file for name, file in loaded.items() if name.partition(".")[0] != "pytest_sdperf"}
    return foreign_copies(others, trees)


def stray_code(base_files: Mapping[str, str], trees: Trees, *, asked_by: str) -> ComparisonError | None:
    """Code of the head's tree that the base has loaded, as an error to raise; None where there is none.

    ``asked_by`` is the option that named the base.
    """
    strays = {name: file for name, file in base_files.items() if trees.home(file) == "head"}
    if not strays:
        return None
    return _error(
        f"the base runs code of the working tree: {_first_ones(strays)}",
        f"{_capital(_PYTHONPATH)}; where only the working tree has that module, let nothing "
        "import it that the revision has, too",
        asked_by,
    )


def wrong_libraries(built: Mapping[str, str], found: Mapping[str, Mapping[str, object]]) -> str:
    """The fault in the libraries that the base ran with, as a sentence; empty where all is well.

    ``built`` are the versions in the environment that was made for it, ``found`` those that its worker has.
    """
    others = {
        name: f"{name} {seen['version']} in place of {version}"
        for name, version in sorted(built.items())
        if (seen := found.get(name)) and seen["version"] != version
    }
    if not others:
        return ""
    error = _error(
        f"the base did not run with the libraries that were built for it: {listed(others.values(), _SHOWN)}",
        "Take folders with other packages off PYTHONPATH, pytest's `pythonpath` and the .pth files of this environment",
        BUILT,
    )
    return str(error)


def _first_ones(files: Mapping[str, str]) -> str:
    """``a (/a.py), b (/b.py) and 2 more``."""
    return listed([f"{name} ({file})" for name, file in sorted(files.items())], _SHOWN)


def _outside(module: str, head: tuple[str, Home], base: tuple[str, Home], trees: Trees) -> ComparisonError | None:
    """A factory that comes from neither tree on one side or on both."""
    one_tree = trees.head == trees.base
    if head[1] != "elsewhere" or base[1] != "elsewhere":
        side, place = ("base", base[0]) if base[1] == "elsewhere" else ("head", head[0])
        tree = "revision" if side == "base" and not one_tree else "working tree"
        return _error(
            f"the factory's module {module} of the {side} comes from {place}, not from the {tree}", _capital(_EDITABLE)
        )
    if one_tree:  # two interpreters, each with what is installed there: that may be what is compared
        return None
    places = head[0] if head[0] == base[0] else f"{head[0]} and {base[0]}"
    what = f"the factory's module {module} comes from {places} in base and head, not from the revisions"
    if module.partition(".")[0] == "pytest_sdperf":
        return _error(
            f"{what}: built-in variants are the same code in both",
            "Compare variants of the project itself, or libraries with --sdperf-base-env=build or "
            "--sdperf-against-python",
        )
    return _error(what, _capital(_EDITABLE))


def _capital(cure: str) -> str:
    return f"{cure[0].upper()}{cure[1:]}"


def _root(module: str, file: str) -> str:
    """The folder on the import path that a module was found in."""
    path = Path(file)
    depth = len(module.split(".")) - (path.stem != "__init__")
    return str(path.parents[min(depth, len(path.parents) - 1)])


def _error(what: str, cure: str, asked_by: str = AGAINST) -> ComparisonError:
    return ComparisonError(what, where=asked_by, cure=f"{cure}.")
