"""Read from the base revision how the head is judged: its settings, its tests' markers, its baselines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from pytest_sdperf.base.checkout.before_head import Base, base_of
from pytest_sdperf.base.checkout.revision import Revision, head_of
from pytest_sdperf.base.checkout.worktree import checked_out, pointers_below
from pytest_sdperf.base.collecting import declared_in, passed_on
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.interpreter import this_interpreter
from pytest_sdperf.base.set_up import Invocation, completed_place
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.wording import listed

OPTION = "--sdperf-baselines-from"


@dataclass(frozen=True)
class BaseRules:
    """The rules of the revision, with its tree checked out."""

    revision: Revision
    trees: Trees
    declaration: Declaration
    "its variants, its settings, and its tests, by the node ids that the head has for them"
    head_rootdir: Path | None = None
    "pytest's, where the base's is another folder of its tree; None: it is the same"

    @property
    def label(self) -> str:
        return self.revision.label

    def baselines(self, folder: Path) -> Path:
        """Where the revision has the folder of baselines; it need not be there.

        Raises ComparisonError for a folder outside the repository, and for files that git-lfs has not fetched.
        """
        if self.head_rootdir is not None and folder.is_relative_to(self.head_rootdir):
            there: Path | None = Path(self.declaration.rootdir) / folder.relative_to(self.head_rootdir)
        else:
            there = self.trees.in_base(folder)
        if there is None:
            raise ComparisonError(
                f"the baselines folder {folder} is outside the repository, so {self.label} has none",
                where=self.revision.where,
                cure="Commit baselines to the repository, or leave the option out.",
            )
        if lacking := pointers_below(there):
            files = [path.relative_to(self.trees.base) for path in lacking]
            raise ComparisonError(
                f"git-lfs has no content here of {listed(files, 1)} as {self.label} has it",
                where=self.revision.where,
                cure=f"Fetch it: git lfs fetch origin {self.revision.commit}.",
            )
        return there

    def shown(self, path: Path) -> str | None:
        """A file of the revision as git names it, ``main (1a2b3c4d5e):baselines/…``; None for any other."""
        if not path.is_relative_to(self.trees.base):
            return None
        return f"{self.label}:{path.relative_to(self.trees.base).as_posix()}"


def find_base(name: str, rootdir: Path, environ: Mapping[str, str]) -> Base:
    """The revision that the option names, or what was there before it. Raises ComparisonError."""
    return base_of(name, head_of(rootdir, OPTION), environ)


def base_rules(
    revision: Revision,
    invocation: Invocation,
    *,
    rootdir: Path,
    sys_path: Sequence[str],
    environ: Mapping[str, str],
    work_dir: Path,
    stack: ExitStack,
) -> BaseRules:
    """Check the revision out and collect its tests there; the tree is taken away with ``stack``.

    Raises ComparisonError where it cannot be checked out or collected.
    """
    tree = stack.enter_context(checked_out(revision, work_dir))
    trees = Trees(revision.toplevel, tree, own=this_interpreter().own)
    place = completed_place(
        trees,
        invocation,
        rootdir=rootdir,
        sys_path=sys_path,
        environ=environ,
        log_path=work_dir / "completed.log",
        label=revision.label,
    )
    declaration = declared_in(
        place,
        trees,
        revision.label,
        asked_by=revision.asked_by,
        paths=invocation.paths_for(trees, revision),
        folder=work_dir / "declared",
        options=passed_on(invocation.options, trees, invocation.cwd),
        tests=True,
    )
    here = as_here(declaration, trees, rootdir)
    return BaseRules(revision, trees, here, head_rootdir=None if here is declaration else rootdir)


def as_here(declaration: Declaration, trees: Trees, rootdir: Path) -> Declaration:
    """The declaration with the node ids that its tests have below the head's ``rootdir``; itself, where they agree."""
    there, mapped = Path(declaration.rootdir), trees.in_base(rootdir)
    if mapped is None or there == mapped or not there.is_relative_to(trees.base):
        return declaration
    renamed = partial(_other_root, root=there, other=mapped)
    tests = {renamed(nodeid): keywords for nodeid, keywords in declaration.tests.items()}
    awaited = {renamed(nodeid): asks for nodeid, asks in declaration.awaited.items()}
    return msgspec.structs.replace(declaration, tests=tests, awaited=awaited)


def _other_root(nodeid: str, *, root: Path, other: Path) -> str:
    """A node id below ``root`` as it is below another rootdir."""
    file, colons, names = nodeid.partition("::")
    return f"{Path(os.path.relpath(root / file, other)).as_posix()}{colons}{names}"
