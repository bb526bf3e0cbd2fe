"""The program of a case, alone and next to the base's: where both are the same, there is nothing to time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

import pytest_sdperf
from pytest_sdperf.base.same_program import Apart, program_alone, programs
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.tree_variables import Changes, is_same_place
from pytest_sdperf.base.tree_walk import is_apart
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import digested_files
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program, settings_of, workload_of_case, workload_texts
from pytest_sdperf.variant import Case

_MAPPED = ("PYTHONPATH", "PWD")
"""Variables whose paths lead into the base's tree, where the head's lead into its own."""

_NO_EXPORTS = ("models", "environments", "digests", "downloads", "huggingface", "hub")
"""Folders of the cache that hold no exports."""


@contextmanager
def looking(trees: Trees, engine: Engine, options: Options) -> Iterator[FileWatch]:
    """A watch over the head's tree and the kept exports, for the time that a case is measured by itself."""
    head = os.path.realpath(trees.head)
    ours = {str(path) for path in _ours(engine, options)}
    ours |= {os.path.realpath(trees.base)} - {head}
    kept = tuple(os.path.realpath(folder) for folder in _exports())

    def is_skipped(folder: str) -> bool:
        if os.path.basename(folder) == ".git":  # noqa: PTH119 -- texts
            # Prompts and editors ask git for its state all the time. A case's own Python tells when it reads it, and
            # that it starts git.
            return True
        if folder.startswith(kept):
            return is_apart(folder)
        in_tree = folder.startswith(f"{head}{os.sep}")
        return is_apart(folder) or folder in ours or (in_tree and trees.home(folder) == "elsewhere")

    watch = FileWatch([str(trees.head), *(str(folder) for folder in _exports())], is_skipped)
    watch.begin()
    try:
        yield watch
    finally:
        watch.stop()


def head_and_base(
    base: BaseSide, engine: Engine, case: Case, measured: Measured, options: Options, *, models: Mapping[str, Model]
) -> tuple[Program, Program]:
    """(base, head) as programs; what cannot be known of them is in `unknown`.

    ``case`` is the case as the base declares it, ``models`` those of `base` and `head`.
    """
    environment, trees = measured.measurement.environment, base.trees
    both = Program(python=environment.python, packages=environment.packages, workload=workload_of_case(measured.case))
    head = msgspec.structs.replace(
        both,
        settings=settings_of(measured.case) | (import_path(measured.case, trees.head) if trees else {}),
        model_digest=models["head"].digest,
        variables=environment.variables,
        unknown=[why] if (why := _not_comparable(base, engine, measured)) else [],
    )
    there, here = _set_apart(base, engine.launcher)
    head = msgspec.structs.replace(head, variables={**head.variables, **here})
    other = msgspec.structs.replace(
        both,
        settings=settings_of(case) | (import_path(case, trees.base) if trees else {}),
        model_digest=models["base"].digest,
        variables={k: v for k, v in environment.variables.items() if k not in here} | there,
    )
    if head.unknown or trees is None or measured.looked is None:
        return other, head
    shared = cache.cache_dir()
    kept = () if base.cache_for(case.variant, shared) == shared else _exports()
    apart = _apart(engine, options, models["head"], kept)
    return programs(measured.looked, trees, base=other, head=head, apart=apart)


def program_of(
    engine: Engine,
    measured: Measured,
    options: Options,
    trees: Trees,
    *,
    set_here: Changes,
    also: Iterable[str] = (),
) -> Program:
    """The program of a case that was measured by itself, with all that it found in its tree and outside of it.

    Both of ``trees`` are the head's. ``set_here`` are variables that its conftests and plugins set, ``also`` files of
    the tree that count whether they were looked at or not.
    """
    case, environment = measured.case, measured.measurement.environment
    model = engine.model_of(case.variant, options)
    known = Program(
        python=environment.python,
        packages=environment.packages,
        workload=workload_texts(measured.measurement.workload),
        settings=settings_of(case) | import_path(case, trees.head),
        model_digest=model.digest,
        variables=environment.variables | {n: _of_tree(v, trees.head) for n, v in set_here.items() if v is not None},
        unknown=[] if measured.looked else ["its workers were not watched"],
    )
    if measured.looked is None:
        return known
    kept = () if case.variant.prepare.startswith(f"{pytest_sdperf.__name__}.") else _exports()
    return program_alone(measured.looked, trees, known=known, apart=_apart(engine, options, model, kept), also=also)


def _apart(engine: Engine, options: Options, model: Model, kept: Sequence[Path]) -> Apart:
    digested = frozenset(digested_files(model.folder)) if model.folder else frozenset()
    return Apart(ours=_ours(engine, options), digested=digested, kept=kept)


def _of_tree(value: str, tree: Path) -> str:
    """A variable's value, wherever the tree lies."""
    return value.replace(str(tree), "<tree>").replace(os.path.realpath(tree), "<tree>")


def import_path(case: Case, tree: Path) -> dict[str, str]:
    """The folders that come first on a worker's import path, as they lie in a tree."""
    root = os.path.realpath(tree)
    folders = [os.path.relpath(os.path.realpath(folder), root) for folder in case.variant.import_path]
    return {"import path": os.pathsep.join(folders)}


def _not_comparable(base: BaseSide, engine: Engine, measured: Measured) -> str:
    if base.trees is None or base.target.revision is None:
        return "no two revisions are compared"
    if base.interpreter is not None or base.launcher.interpreter != engine.launcher.interpreter:
        return "the base has another environment"
    return "" if measured.looked is not None else "its workers were not watched"


def _set_apart(base: BaseSide, head: Launcher) -> tuple[dict[str, str], dict[str, str]]:
    """(base's, head's) environment variables that are not the same in both, wherever each tree lies."""
    there, here = dict(base.launcher.base_env), dict(head.base_env)
    names = [n for n in sorted({*there, *here}) if there.get(n) != here.get(n) and n not in _MAPPED]
    if base.trees is not None:
        names = [n for n in names if not is_same_place(here.get(n), there.get(n), base.trees)]
    return {n: there[n] for n in names if n in there}, {n: here[n] for n in names if n in here}


def _ours(engine: Engine, options: Options) -> list[Path]:
    """Files and folders that this plugin writes, wherever they lie."""
    files = [options.json, options.html, options.markdown]
    return [
        engine.work_dir.resolve(),
        cache.cache_dir().resolve(),
        *((engine.rootdir / file).resolve() for file in (options.baselines, *files) if file),
    ]


def _exports() -> list[Path]:
    """Folders of the cache in which exports are kept; models, which lie there, too, are known by their digest."""
    return [folder for folder in cache.cache_dir().glob("*") if folder.is_dir() and folder.name not in _NO_EXPORTS]
