"""Set up the base: its tree, its declared variants, and what starts its workers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest_sdperf
from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import checked_out
from pytest_sdperf.base.collecting import declared_in, passed_on, paths_of
from pytest_sdperf.base.completing import NOTHING_MORE, Completion, complete
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.environment.of_base import BUILT, libraries_of_base
from pytest_sdperf.base.interpreter import (
    Interpreter,
    folder_with_our_package,
    foreign_environment,
    foreign_path,
    interpreter_at,
    this_interpreter,
)
from pytest_sdperf.base.mapping import Place, counterpart, map_place
from pytest_sdperf.base.target import Target
from pytest_sdperf.base.tree_variables import HeadVariables, variables_of_base
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.hardware.libraries import find_library
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.variant import Variant


@dataclass(frozen=True)
class Invocation:
    """How pytest was called: what decides on where variants are declared."""

    cwd: Path
    paths: Sequence[str] = ()
    "test paths of the command line, `::` and what follows included; empty: the settings decide"
    options: Sequence[tuple[str, ...]] = ()
    "options of the command line that decide on what is collected: (name) or (name, value)"
    modules: Mapping[str, str] = field(default_factory=dict)
    "of the paths those that `--pyargs` found, without test names -> the module that was asked for"
    command_line: Mapping[str, object] = field(default_factory=dict)
    "option of ours -> what the command line says of it, unread"
    completion: Completion = NOTHING_MORE
    "what the base's tree gets besides its revision"
    variables: HeadVariables | None = None
    "what the head's conftests and plugins did to the environment; None: not known"

    def paths_for(self, trees: Trees, revision: Revision) -> list[str]:
        """The paths that the revision is collected with, absolute.

        Raises ComparisonError for a module that is installed, so that its tests are the same in both, though the tree
        has it, too.
        """
        for place, module in self.modules.items():
            if counterpart(trees, Path(place)) is None and (ours := _tracked(revision.toplevel, module)):
                raise ComparisonError(
                    f"the argument {module!r} (--pyargs) leads to {place}, which is installed and not the repository's "
                    f"own {ours}, so that {revision.label}'s tests cannot be collected by that name",
                    where=revision.where,
                    cure=f"Name the path {ours} in place of --pyargs, or install in editable mode (pip install -e .).",
                )
        return paths_of(self.paths, self.cwd, trees)


@dataclass(frozen=True)
class BaseSide:
    """The base of a session, ready to measure."""

    target: Target
    launcher: Launcher
    cache_dir: Path | None
    "of exports that its own code makes; None: it runs the head's code"
    trees: Trees | None
    "None: base and head run the same code, and there is nothing to prove"
    declaration: Declaration | None
    "None: as the head declares"
    interpreter: Interpreter | None = None
    "that runs it, with libraries of its own; None: the one that runs this session"
    notes: tuple[str, ...] = ()
    "on its libraries and its tests, as sentences"
    built_versions: Mapping[str, str] = field(default_factory=dict)
    "package -> version in the environment that was built for it; empty: none was"
    rootdir: Path | None = None
    "pytest's, in the base's tree; None: there is no other tree"
    knows_tests: bool = True
    "whether the declaration has its settings and tests, too"

    def cache_for(self, variant: Variant, shared: Path) -> Path:
        """Where the variant's exports are kept: in ``shared``, the head's, where the same code makes them.

        Our own `prepare` does, unless this package is part of the compared tree: it keeps an export under a key
        of weights and library versions.
        """
        if self.cache_dir is None or self.trees is None:
            return shared
        ours = variant.prepare.startswith(f"{pytest_sdperf.__name__}.")
        installed = self.trees.home(pytest_sdperf.__file__) == "elsewhere"
        return shared if ours and installed else self.cache_dir


def completed_place(
    trees: Trees,
    invocation: Invocation,
    *,
    rootdir: Path,
    sys_path: Sequence[str],
    environ: Mapping[str, str],
    log_path: Path,
    label: str,
) -> Place:
    """The place of the base's processes, when its tree has all that it is to have. Raises ComparisonError."""

    def mapped() -> Place:
        return map_place(trees, cwd=invocation.cwd, rootdir=rootdir, sys_path=sys_path, environ=environ)

    complete(invocation.completion, trees, env=mapped().env, log_path=log_path, label=label)
    return mapped()  # again: only folders that are there are on the import path


def set_up_base(
    target: Target,
    launcher: Launcher,
    invocation: Invocation,
    *,
    rootdir: Path,
    work_dir: Path,
    stack: ExitStack,
    show: Callable[[str], None],
) -> BaseSide:
    """Set the base up; ``launcher`` is the head's. Everything that is set up is taken down with ``stack``.

    ``show`` takes a line of long work. Raises ComparisonError where the revision cannot be checked out, its
    environment cannot be built, or its variants cannot be collected.
    """
    if target.is_head:
        return BaseSide(target, launcher, None, None, None)
    there = target.interpreter
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = {}
    own = [*this_interpreter().own, *(there.own if there else ())]
    declaration, base_rootdir, knows_tests = None, None, True
    trees = Trees(rootdir, rootdir, own=tuple(own))
    if target.revision is not None:
        toplevel = target.revision.toplevel
        trees = Trees(toplevel, stack.enter_context(checked_out(target.revision, work_dir)), own=tuple(own))
        place = completed_place(
            trees,
            invocation,
            rootdir=rootdir,
            sys_path=launcher.extra_sys_path,
            environ=launcher.base_env,
            log_path=work_dir / "completed.log",
            label=target.revision.label,
        )
        head = invocation.variables
        # The base's conftests find the environment as the head's found it.
        at_start = map_place(
            trees,
            cwd=invocation.cwd,
            rootdir=rootdir,
            sys_path=launcher.extra_sys_path,
            environ=head.at_start if head else launcher.base_env,
        )
        collected = partial(
            declared_in,
            at_start,
            trees,
            target.revision.label,
            asked_by=target.revision.asked_by,
            paths=invocation.paths_for(trees, target.revision),
            folder=work_dir / "declared",
            options=passed_on(invocation.options, trees, invocation.cwd),
        )
        try:
            declaration = collected(tests=True)
        except ComparisonError as error:
            # A test module may need what only the head has; the variants may be declared nonetheless.
            declaration, knows_tests = collected(), False
            asked = f"which model the tests of {target.revision.label} ask for"
            notes = (f"{error.what}; so {asked}, and which of them this run did not judge, is not known",)
        base_rootdir = Path(declaration.rootdir) if declaration.rootdir else place.rootdir
        if there is None:
            libraries = libraries_of_base(
                target.libraries,
                label=target.revision.label,
                trees=(trees.base, toplevel),
                rootdirs=(place.rootdir, rootdir),
                environ=launcher.base_env,
                show=show,
            )
            notes += libraries.notes
            if libraries.environment is not None:
                versions = libraries.environment.versions
                there = interpreter_at(libraries.environment.python, launcher.base_env, BUILT)
                trees = replace(trees, own=(*own, *there.own))
        variables = variables_of_base(place.env, head, declaration.variables, trees)
        notes += variables.notes(target.revision.label)
        launcher = replace(launcher, base_env=variables.env, extra_sys_path=place.sys_path, cwd=place.cwd)
    if there is not None:
        # The project's folders first: in this project's own repository the package is one of them.
        path = foreign_path(launcher.extra_sys_path, this_interpreter())
        package = folder_with_our_package(work_dir / "package", () if there is target.interpreter else there.lacks)
        launcher = replace(
            launcher,
            find_library=partial(find_library, prefix=there.prefix, packages=[*map(str, there.libraries)]),
            base_env=foreign_environment(launcher.base_env),
            extra_sys_path=(*path, str(package)),
            interpreter=str(there.path),
        )
    cache_dir = work_dir / "base-cache"
    stack.callback(shutil.rmtree, cache_dir, ignore_errors=True)  # exports take gigabytes
    return BaseSide(target, launcher, cache_dir, trees, declaration, there, notes, versions, base_rootdir, knows_tests)


def _tracked(toplevel: Path, module: str) -> str:
    """The folder or file of the working tree that holds a module's source, as git knows it; empty: none."""
    tail = module.replace(".", "/")
    found = git(toplevel, "ls-files", "-z", "--", f":(glob)**/{tail}/__init__.py", f":(glob)**/{tail}.py").out
    return found.partition("\0")[0].removesuffix("/__init__.py")
