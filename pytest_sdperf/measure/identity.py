"""Whether head and base of a case are the same program: then there is nothing to time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pytest_sdperf.base.same_program import Apart, programs
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.tree_variables import is_same_place
from pytest_sdperf.base.tree_walk import is_apart
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.file_watch import FileWatch
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import digested_files
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program, settings_of, workload_of_case
from pytest_sdperf.variant import Case

_MAPPED = ("PYTHONPATH", "PWD")
"""Variables whose paths lead into the base's tree, where the head's lead into its own."""

_NO_EXPORTS = ("models", "environments", "digests", "downloads", "huggingface", "hub")
"""Folders of the cache that hold no exports."""


@contextmanager
def looking(base: BaseSide, engine: Engine, options: Options) -> Iterator[FileWatch | None]:
    """A watch over the head's tree and the kept exports, for the time that a case is measured by itself.

    None where base and head are not two trees.
    """
    if base.trees is None or base.target.revision is None:
        yield None
        return
    trees, head = base.trees, os.path.realpath(base.trees.head)
    ours = {os.path.realpath(trees.base), *(str(path) for path in _ours(engine, options))}
    kept = tuple(os.path.realpath(folder) for folder in _exports())

    def is_skipped(folder: str) -> bool:
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
    environment = measured.measurement.environment
    both = Program(python=environment.python, packages=environment.packages, workload=workload_of_case(measured.case))
    head = msgspec.structs.replace(
        both,
        settings=settings_of(measured.case) | _import_path(measured.case, base, "head"),
        model_digest=models["head"].digest,
        variables=environment.variables,
        unknown=[why] if (why := _not_comparable(base, engine, measured)) else [],
    )
    there, here = _set_apart(base, engine.launcher)
    head = msgspec.structs.replace(head, variables={**head.variables, **here})
    other = msgspec.structs.replace(
        both,
        settings=settings_of(case) | _import_path(case, base, "base"),
        model_digest=models["base"].digest,
        variables={k: v for k, v in environment.variables.items() if k not in here} | there,
    )
    if head.unknown or base.trees is None or measured.looked is None:
        return other, head
    folder, shared = models["head"].folder, cache.cache_dir()
    apart = Apart(
        ours=_ours(engine, options),
        digested=frozenset(digested_files(folder)) if folder else frozenset(),
        kept=() if base.cache_for(case.variant, shared) == shared else _exports(),
    )
    return programs(measured.looked, base.trees, base=other, head=head, apart=apart)


def _import_path(case: Case, base: BaseSide, side: str) -> dict[str, str]:
    """The folders that come first on a worker's import path, as they lie in the side's tree."""
    if base.trees is None:
        return {}
    root = os.path.realpath(getattr(base.trees, side))
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
