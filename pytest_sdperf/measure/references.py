"""The pictures that a case is compared with: drawn in this session, stored as PNG, or drawn now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.baselines.stored_pictures import ReferenceKey, load_reference, reference_path, save_reference
from pytest_sdperf.measure.sampling import Drawing
from pytest_sdperf.measurement import Environment
from pytest_sdperf.observations import BASE_PICTURE, NONE_NEW, NewReferences, References
from pytest_sdperf.variant import Variant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_sdperf.observations import Picture


@dataclass(frozen=True)
class Found:
    """The reference pictures of one case, and what of them is new and worth storing."""

    references: References
    new: NewReferences = NONE_NEW
    "those that no file holds are stored when the case is recorded"


def find_own_references(
    variant: Variant,
    keys: Mapping[str, ReferenceKey],
    root: Path,
    *,
    drawn: Mapping[str, Picture],
    environment: Environment,
    of_base: Mapping[str, Path],
) -> Found:
    """The reference pictures of a variant that is compared with its own: `fp32`, or one without any reference.

    Its stored picture, and where none is stored that of the base side (``of_base``: picture key -> .npy). ``keys``
    say where the pictures are stored below ``root``, ``drawn`` are the case's own, drawn in ``environment``.
    """
    stored = _load(keys, root)
    references = References(stored or None, eight_bit=True, is_reference=variant.reference is not None)
    if len(stored) == len(keys):
        return Found(references)
    if of_base and not stored:
        pictures = load_pictures(of_base)
        references = replace(references, pictures=pictures, eight_bit=False, own_picture=BASE_PICTURE)
    return Found(references, NewReferences(keys, drawn, environment))


def find_references(
    keys: Mapping[str, ReferenceKey], root: Path, *, seen: Drawing | None, draw: Callable[[], Drawing | None]
) -> Found:
    """The reference pictures of a case that is compared with another variant's, with the same scheduler.

    As drawn in this session (float; None: not yet), else as stored below ``root`` under ``keys`` (8 bits), else as
    drawn now; nowhere where that variant cannot run here (``draw`` gives None).
    """
    stored = _load(keys, root)
    is_complete = len(stored) == len(keys)
    if seen is None and is_complete:
        return Found(References(stored, eight_bit=True))
    drawing = seen or draw()
    if drawing is None:
        return Found(References())
    references = References(load_pictures(drawing.pictures))
    if is_complete:
        return Found(references)
    return Found(references, NewReferences(keys, references.pictures or {}, drawing.environment))


def store_references(new: NewReferences, root: Path) -> None:
    """Write the reference pictures that no file holds yet: other cases are compared with those that are there, too.

    Raises BaselineError.
    """
    environment = new.environment
    for key, reference in new.keys.items():
        if environment is not None and not reference_path(root, reference).exists():
            save_reference(
                root, reference, new.pictures[key], threads=environment.threads, packages=environment.packages
            )


def load_pictures(files: Mapping[str, Path]) -> dict[str, Picture]:
    """Picture key -> picture, float32 (height, width, 3) in 0..1, from picture key -> .npy."""
    return {key: load_picture(path) for key, path in files.items()}


def load_picture(path: Path) -> NDArray[np.floating]:
    """A picture as the pipeline gave it, from an .npy file."""
    import numpy as np

    picture: NDArray[np.floating] = np.load(path, allow_pickle=False)
    return picture


def _load(keys: Mapping[str, ReferenceKey], root: Path) -> dict[str, Picture]:
    """The reference pictures of the case that are stored. Raises BaselineError."""
    found = {key: load_reference(root, reference) for key, reference in keys.items()}
    return {key: picture for key, picture in found.items() if picture is not None}
