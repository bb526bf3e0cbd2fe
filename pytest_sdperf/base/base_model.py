"""Find the model that the base draws with: what its own files name, in its own tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.base.checkout.git import git
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.checkout.worktree import pointers_below
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError, ModelError
from pytest_sdperf.models.source import BUNDLED, ModelSource, model_name, parse_model
from pytest_sdperf.wording import listed


class ModelMissingError(ComparisonError):
    """The revision does not have the folder of a model that the head's tree has in git."""


@dataclass(frozen=True)
class BaseModel:
    """A model as the base names it."""

    source: ModelSource
    name: str
    "`models.source.model_name`"
    note: str = ""
    "files of it that are not of the revision, as a sentence; empty: all are, or none is to be"


def find_base_model(text: str, trees: Trees, revision: Revision, *, base_rootdir: Path) -> BaseModel:
    """The model that ``text`` names in the base's tree, where ``base_rootdir`` is pytest's root.

    A folder of the tree is the base's own; it gets what git ignores of the head's, which no revision has. A folder that
    is wholly ignored is the head's, and so is one outside of the tree. Raises ModelMissingError, ComparisonError for a
    folder that the base cannot use, ModelError for a text that names nothing there.
    """
    if text == BUNDLED or text.lower().startswith("synthetic:"):
        return _named(parse_model(text, base_rootdir), base_rootdir)
    in_tree = base_rootdir.is_relative_to(trees.base)
    rootdir = trees.head / base_rootdir.relative_to(trees.base) if in_tree else base_rootdir
    here = Path(os.path.normpath(rootdir / text))
    there = _place(here, trees)
    if there is None:
        return _named(parse_model(str(here) if here.is_dir() else text, base_rootdir), base_rootdir)
    if there.is_dir():
        folder = _own(there, text, trees, revision)
        carried = _carry_ignored(here, folder) if trees.home(folder) == "base" else []
        if lacking := pointers_below(folder):
            files = [path.relative_to(folder) for path in lacking]
            raise ComparisonError(
                f"git-lfs has no content here of {listed(files, 1)} of model {text} as {revision.label} has it",
                where=revision.where,
                cure=f"Fetch it: git lfs fetch origin {revision.commit}.",
            )
        note = f"git ignores {listed(carried)} of model {text}, so base and head draw with the same" if carried else ""
        return BaseModel(ModelSource("folder", text, path=folder), model_name(_folder(there), base_rootdir), note)
    if there.exists() or there.is_symlink():
        raise ComparisonError(
            f"{revision.label} has {text} as a {'link that leads nowhere' if there.is_symlink() else 'file'}, "
            "not as the folder of a model",
            where=revision.where,
            cure="Compare with a revision that has it.",
        )
    if not here.is_dir():
        return _named(parse_model(text, base_rootdir), base_rootdir)
    if _is_in_git(here, trees.head):
        raise ModelMissingError(
            f"{revision.label} has no model {text}", where=revision.where, cure="Compare with a revision that has it."
        )
    return BaseModel(
        _folder(here),
        model_name(_folder(there), base_rootdir),
        f"model {text} is not in git, so {revision.label} has none of its own: base and head draw with the same",
    )


def from_base(error: ModelError, trees: Trees, revision: Revision) -> ComparisonError:
    """A fault of the base's model, with its paths as the base's."""
    what, where = (text.replace(f"{trees.base}{os.sep}", "") for text in (error.what, error.where))
    cure = f"Fix it there, or compare with another revision than {revision.name}."
    return ComparisonError(f"the model of {revision.label} cannot be used: {what}", where=where, cure=cure)


def _named(source: ModelSource, rootdir: Path) -> BaseModel:
    return BaseModel(source, model_name(source, rootdir))


def _folder(path: Path) -> ModelSource:
    return ModelSource("folder", str(path), path=path)


def _place(path: Path, trees: Trees) -> Path | None:
    """The place in the base's tree, links kept: they may lead elsewhere there. None for what is not of the tree."""
    top = next((folder for folder in path.parents if trees.is_top(folder)), None)
    return trees.in_base(path) if top is None else trees.base / path.relative_to(top)


def _own(there: Path, text: str, trees: Trees, revision: Revision) -> Path:
    """The base's folder, where its link does not lead into the head's tree."""
    if trees.home(there) != "head":
        return there
    mapped = trees.in_base(there)
    if mapped is None or not mapped.is_dir():
        raise ComparisonError(
            f"model {text} of {revision.label} is a link into the working tree ({there.resolve()})",
            where=revision.where,
            cure="Make it a relative link.",
        )
    return mapped


def _carry_ignored(here: Path, there: Path) -> Sequence[str]:
    """Give the base's folder the files that git ignores in the head's, and list them; its own are kept.

    Linked where the file system can: weights take gigabytes.
    """
    if not here.is_dir() or here.resolve() == there.resolve():
        return []
    ignored = git(here, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ".").out.split("\0")
    carried = [name for name in ignored if name and (here / name).is_file() and not (there / name).exists()]
    for name in carried:
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link((here / name).resolve(), there / name)
        except OSError:
            shutil.copyfile(here / name, there / name)
    return carried


def _is_in_git(folder: Path, toplevel: Path) -> bool:
    """Whether the working tree's repository, or a submodule of it, has files of the folder."""
    if any(git(toplevel, "ls-files", "--", str(place)).out for place in (folder, folder.resolve())):
        return True
    of_submodule = git(folder, "rev-parse", "--show-superproject-working-tree").out.strip()
    return bool(of_submodule and git(folder, "ls-files", "--", ".").out)
