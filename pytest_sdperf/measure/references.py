"""The pictures a case is held against: measured in this session, stored as PNG, or drawn now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.baselines.stored_pictures import (
    ReferenceKey,
    load_reference,
    reference_keys,
    reference_path,
    save_reference,
)
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.measure.session import Measured, load_pictures
from pytest_sdperf.measurement import Environment
from pytest_sdperf.observations import BASE_PICTURE, References
from pytest_sdperf.options import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pictures = Mapping[str, "NDArray[np.floating]"]


@dataclass(frozen=True)
class Found:
    """The truth for one case, and what of it is new and worth storing."""

    truth: References
    keys: Mapping[str, ReferenceKey]
    "picture key -> the file it is stored in"
    unstored: Pictures | None = None
    "reference pictures of this session; those that no file holds are stored when the case is recorded"
    environment: Environment | None = None
    "where the unstored ones were drawn"


def find_references(
    measured: Measured, options: Options, root: Path, of_base: Mapping[str, Path] | None = None
) -> Found:
    """The reference pictures of a case.

    A variant that is its own reference (`fp32`, or one without any) is held against its stored picture, and
    where none is stored against that of the base arm (``of_base``: picture key -> .npy).
    Others are held against their reference variant with the same scheduler: as measured in this session
    (float), else as stored (8 bits), else as drawn now; nowhere where that variant cannot run here.
    """
    case, session = measured.case, measured.session
    name = case.variant.reference
    keys = _keys(measured, options)
    stored = _load(keys, root)
    complete = len(stored) == len(keys)
    own = measured.pictures, measured.measurement.environment
    if name is None or name == case.variant.name:
        truth = References(stored or None, eight_bit=True, is_reference=name is not None)
        if complete:
            return Found(truth, keys)
        if of_base and not stored:
            truth = replace(truth, pictures=load_pictures(of_base), eight_bit=False, own_picture=BASE_PICTURE)
        return Found(truth, keys, *own)
    seen = session.seen_reference(case, options)
    if seen is None and complete:
        return Found(References(stored, eight_bit=True), keys)
    if seen is None and any(check(need) for need in session.registry[name].requirements):
        return Found(References(), keys)
    drawn = seen or session.draw_reference(case, options)
    truth = References(drawn.pictures)
    return Found(truth, keys) if complete else Found(truth, keys, drawn.pictures, drawn.environment)


def store_references(found: Found, root: Path) -> None:
    """Write the reference pictures that no file holds yet: those that are there other cases are held against, too.

    Raises BaselineError.
    """
    if found.unstored is None or found.environment is None:
        return
    for key, reference in found.keys.items():
        if reference_path(root, reference).exists():
            continue
        save_reference(
            root,
            reference,
            found.unstored[key],
            threads=found.environment.threads,
            packages=found.environment.packages,
        )


def _keys(measured: Measured, options: Options) -> dict[str, ReferenceKey]:
    """By the weights of the variant that draws the reference: a case's own may be others, or unknown."""
    variant = measured.case.variant
    name = variant.reference or variant.name
    return reference_keys(
        measured.case.workload,
        variant=name,
        model_digest=measured.session.model_digest(name, options),
        scheduler=variant.scheduler,
    )


def _load(keys: Mapping[str, ReferenceKey], root: Path) -> dict[str, NDArray[np.floating]]:
    """The reference pictures of the case that are stored."""
    found = {key: load_reference(root, reference) for key, reference in keys.items()}
    return {key: picture for key, picture in found.items() if picture is not None}
