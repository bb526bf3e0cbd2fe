"""Texts of how two models differ: a clause for a sentence, and a line for each file."""

from __future__ import annotations

from pytest_sdperf.model_difference import FileDifference, ModelDifference
from pytest_sdperf.units import format_bytes
from pytest_sdperf.wording import listed, plural

_SHOWN = 2
"""Files that the sentence names."""

_LISTED = 20
"""Files that have a line."""

_DIGITS = 12
"""Of a digest, as baselines and folders of reference pictures have them."""


def model_clause(models: ModelDifference) -> str:
    """``the models differ: models/ours 59acb998f828 -> 9e16233e2bfd (unet/config.json 1.2 KiB -> 1.3 KiB)``."""
    base, head = _side(models.base, models.base_digest), _side(models.head, models.head_digest)
    if models.base == models.head and models.head_digest:
        head = models.head_digest[:_DIGITS]
    if not models.is_of_work:
        return f"the models have the same weights and configurations, but other files ({_files(models)})"
    return f"the models differ: {base} -> {head}{f' ({_files(models)})' if models.files else ''}"


def model_lines(models: ModelDifference) -> list[str]:
    """A line for each file, and the sizes of both models."""
    shown = [f"model: {_file(one)}" for one in models.files[:_LISTED]]
    if more := len(models.files) - _LISTED:
        shown += [f"model: {plural(more, 'more file')} differ"] if more > 0 else []
    sizes = f"{format_bytes(models.base_bytes)} -> {format_bytes(models.head_bytes)}"
    return [*shown, f"model: {sizes} in all"] if models.base_bytes != models.head_bytes else shown


def _side(name: str, digest: str) -> str:
    return f"{name} {digest[:_DIGITS]}" if digest else "the variant's own weights"


def _files(models: ModelDifference) -> str:
    return listed([_file(one) for one in models.files], _SHOWN)


def _file(one: FileDifference) -> str:
    if one.base_bytes is None:
        return f"{one.path} added, {format_bytes(one.head_bytes or 0)}"
    if one.head_bytes is None:
        return f"{one.path} removed, {format_bytes(one.base_bytes)}"
    if one.base_bytes == one.head_bytes:
        return f"{one.path} differs, {format_bytes(one.head_bytes)}"
    was, now = format_bytes(one.base_bytes), format_bytes(one.head_bytes)
    return f"{one.path} {was} -> {now}" if was != now else f"{one.path} {one.base_bytes} B -> {one.head_bytes} B"
