"""Facts from a model's configurations: its family, whether its parts are of one model, its picture size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.families import FAMILIES
from pytest_sdperf.models.families.family import TEXT_TO_IMAGE, Family, Match, Setting

INDEX = "model_index.json"
"""Names a pipeline's class and those of its components."""

ONE_MODEL = "Use a model whose parts were saved together, by pipeline.save_pretrained(folder)."


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object. Raises ModelError where the file is missing, cut off or something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{file} is missing", cure="Download or save the whole model again.") from None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} is damaged or cannot be read ({error})", cure="Download or save the model again."
        ) from None
    if not isinstance(content, dict):
        raise ModelError(f"{file} is damaged: it does not hold an object", cure="Download or save the model again.")
    return content


def family_of_folder(root: Path) -> Family:
    """The family whose pipeline the model's folder describes. Raises ModelError for any other pipeline."""
    name = read_json(root / INDEX).get("_class_name")
    family = next((f for f in FAMILIES if f.tasks[TEXT_TO_IMAGE].diffusers.name == name), None)
    if family is None:
        known = " or ".join(f.tasks[TEXT_TO_IMAGE].diffusers.name for f in FAMILIES)
        raise ModelError(f"{root / INDEX} describes a {name!r} pipeline", cure=f"Use a model of {known}.")
    return family


def check_classes(family: Family, classes: Mapping[str, str], index_file: Path) -> None:
    """Raise ModelError unless ``classes`` (component -> class) are those of the family's pipeline."""
    known = {component.name: component.classes for component in family.components}
    for component, name in classes.items():
        if component not in known and component not in family.optional:
            raise ModelError(
                f"{index_file} has the component {component!r}, which no {family.tasks[TEXT_TO_IMAGE].diffusers.name} "
                "has",
                cure=f"Use a model of {family.name}, which has: {', '.join(known)}.",
            )
        wanted = known.get(component, ())
        if wanted and name not in wanted:
            raise ModelError(
                f"{index_file} gives the component {component!r} the class {name!r}",
                cure=f"Use a model of {family.name}, where it is {' or '.join(wanted)}.",
            )


def check_fit(family: Family, root: Path) -> None:
    """Raise ModelError where configurations contradict one another: the parts are of two models, or of another task.

    Whether weights have the shapes that their configuration says is checked by the libraries that load them.
    """
    key, channels = _value(root, family.input_channels)
    if channels != family.latents.channels:
        other = family.other_inputs.get(channels) if isinstance(channels, int) else None
        raise ModelError(
            f"{family.input_channels.called} has {key}={channels}{f', that of {other} model' if other else ''}",
            where=str(_file(root, family.input_channels)),
            cure=f"Use a text-to-image model, which is shown the {family.latents.channels} channels of latents only.",
        )
    for match in family.matches:
        _check_match(match, root)


def native_size(root: Path) -> tuple[int, int]:
    """(height, width) in pixels that a model was made for. Raises ModelError where its configurations do not say."""
    family = family_of_folder(root)
    try:
        _, side = _value(root, family.sample_size)
        height, width = (side, side) if isinstance(side, int) else side
        if not isinstance(height, int) or not isinstance(width, int):
            raise TypeError(f"{family.sample_size.keys[0]}={side!r}")  # noqa: TRY301 - reported with the other causes
    except (ModelError, TypeError, ValueError) as error:
        raise ModelError(
            f"the model's own picture size cannot be read ({error.what if isinstance(error, ModelError) else error})",
            where=str(_file(root, family.sample_size)),
            cure="Give height and width.",
        ) from error
    return height * family.latents.scale, width * family.latents.scale


def _check_match(match: Match, root: Path) -> None:
    (one_key, one), (other_key, other) = _value(root, match.one), _value(root, match.other)
    if any(value != one for value in (other if isinstance(other, list) else [other])):
        raise ModelError(
            f"{match.one.called} has {one_key}={one}, {match.other.called} {other_key}={other}",
            where=f"{_file(root, match.one)}, {_file(root, match.other)}",
            cure=f"They are of two models{match.hint}. {ONE_MODEL}",
        )


def _value(root: Path, setting: Setting) -> tuple[str, Any]:
    """The key that counts, and its value. Raises ModelError where none is set."""
    config = read_json(_file(root, setting))
    for key in setting.keys:
        if config.get(key) is not None:
            return key, config[key]
    raise ModelError(f"{_file(root, setting)} does not say {' or '.join(setting.keys)}", cure=ONE_MODEL)


def _file(root: Path, setting: Setting) -> Path:
    return root / setting.component / "config.json"
