"""How the model of the base and that of the head differ: values for the verdict and the report."""

from __future__ import annotations

import msgspec


class FileDifference(msgspec.Struct, frozen=True):
    """One file of a model that is not the same on both sides."""

    path: str
    "relative to the model's folder, with `/`"
    base_bytes: int | None
    "its size; None: the base does not have it"
    head_bytes: int | None


class ModelDifference(msgspec.Struct, frozen=True):
    """Two models that are not the same, file by file."""

    base: str
    "the model as the base names it: `models/ours`, `synthetic:tiny`, `own` where the base's variant brings its weights"
    head: str
    base_digest: str
    "sha256 of weights and configurations; empty where the variant brings its own"
    head_digest: str
    files: list[FileDifference] = []
    "those that differ, by name; all of them are only there where both sides have a folder"
    base_bytes: int = 0
    "size of all files"
    head_bytes: int = 0

    @property
    def is_of_work(self) -> bool:
        """Whether weights or configurations differ, and with them the pictures; else only files beside these do."""
        return self.base_digest != self.head_digest
