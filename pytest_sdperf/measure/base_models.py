"""The models that the base draws with, checked and digested once a session, and how they differ from the head's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.base.base_model import BaseModel, ModelMissingError, find_base_model, from_base
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.errors import ComparisonError, ModelError
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.model_difference import FileDifference, ModelDifference
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.folder import check_folder
from pytest_sdperf.models.folder_difference import differing_files, total_bytes
from pytest_sdperf.models.source import OWN
from pytest_sdperf.observations import Asked
from pytest_sdperf.options import Options, resolve
from pytest_sdperf.variant import Variant

if TYPE_CHECKING:
    from pytest_sdperf.measure.engine import Engine


@dataclass(frozen=True)
class NamedModel:
    """A model, and what its side calls it."""

    name: str
    model: Model


@dataclass
class BaseModels:
    """The models of one base."""

    engine: Engine
    base: BaseSide
    command_line: Mapping[str, object]
    "option -> what the command line says of it, unread: it counts for both sides"
    notes: list[str] = field(default_factory=list)
    "on files that are no part of the revision"
    _ready: dict[str, NamedModel] = field(default_factory=dict)
    "by the text that names it"
    _files: dict[tuple[Path, Path], list[FileDifference]] = field(default_factory=dict)

    def of(self, variant: Variant, options: Options, asked: Asked) -> NamedModel:
        """The model that ``variant``, as the base declares it, draws with there.

        ``options`` are the head's. Raises ModelMissingError where the base has no folder of a model that only the head,
        or the command line, names, and ComparisonError for a model that the base names and cannot use.
        """
        if not variant.needs_model:
            return NamedModel(OWN, self.engine.model_of(variant, options))
        if self.base.trees is None or self.base.target.revision is None:
            return NamedModel(self.engine.model_name(variant, options), self.engine.model_of(variant, options))
        text, is_bases_word = self._word(asked)
        if text not in self._ready:
            try:
                self._ready[text] = self._prepared(text, options)
            except ModelMissingError as error:
                if is_bases_word:
                    raise ComparisonError(error.what, where=error.where, cure=error.cure) from error
                raise
        return self._ready[text]

    def difference(self, base: NamedModel, head: NamedModel) -> ModelDifference | None:
        """How the base's model differs from the head's; None where it does not, whatever it is called."""
        there, here = base.model.folder, head.model.folder
        files: list[FileDifference] = []
        if there is not None and here is not None:
            if (there, here) not in self._files:
                self._files[there, here] = differing_files(there, here)
            files = self._files[there, here]
        if base.model.digest == head.model.digest and not files:
            return None
        bytes_there, bytes_here = total_bytes(there), total_bytes(here)
        return ModelDifference(
            base.name, head.name, base.model.digest, head.model.digest, files, bytes_there, bytes_here
        )

    def _word(self, asked: Asked) -> tuple[str, bool]:
        """The text that names the base's model, and whether it is the base's own word.

        A test that the base does not have is a new one: then its marker counts for both sides.
        """
        declaration = self.base.declaration
        tests = declaration.tests if declaration else {}
        said = {
            "marker": tests.get(asked.nodeid, asked.marker),
            "command_line": self.command_line,
            "addopts": declaration.addopts if declaration else {},
            "ini": declaration.ini if declaration else {},
        }
        levels = {level: value for level, words in said.items() if (value := words.get("model")) is not None}
        options = resolve(**{level: {"model": levels[level]} if level in levels else {} for level in said})
        is_bases_word = asked.nodeid in tests if "marker" in levels else "command_line" not in levels
        return options.model, is_bases_word

    def _prepared(self, text: str, options: Options) -> NamedModel:
        trees, target = self.base.trees, self.base.target
        assert trees is not None and target.revision is not None  # noqa: S101, PT018 - for the type checker
        rootdir = self.base.rootdir or trees.base
        try:
            found = find_base_model(text, trees, target.revision, base_rootdir=rootdir)
            if found.note:
                self.notes.append(found.note)
            return NamedModel(found.name, self._on_disk(found, options))
        except ModelError as error:
            raise from_base(error, trees, target.revision) from error

    def _on_disk(self, found: BaseModel, options: Options) -> Model:
        folder = found.source.path
        if folder is None:
            prepared = self.engine.model(options._replace(model=found.name))
            return Model(prepared.path, prepared.digest)
        check_folder(folder)
        return Model(folder, model_digest(folder, cache.cache_dir()))
