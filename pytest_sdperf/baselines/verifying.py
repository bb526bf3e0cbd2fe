"""Faults of a whole baselines folder: files that cannot be trusted, pictures that are missing."""

from __future__ import annotations

from pytest_sdperf.baselines.inventory import Inventory, StoredFile
from pytest_sdperf.baselines.picture_use import Need, needs
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.variant import REFERENCE_VARIANT
from pytest_sdperf.wording import plural


def faults(found: Inventory) -> list[BaselineError]:
    """Every fault with its file and cure: what cannot be read, and baselines whose pictures are not all there."""
    return [*found.faults, *(fault for file in found.files if (fault := _missing(found, file)))]


def _missing(found: Inventory, file: StoredFile) -> BaselineError | None:
    """A set of pictures that has holes is not used at all, and fp32 has no truth but its own stored pictures.

    No picture at all is no fault of the others: they were held against fp32 in the same run, or fp32 cannot run there.
    """
    wanted = (needs(file.stored.newest) if file.stored else None) or []
    missing = [need for need in wanted if not _is_there(need, found)]
    own_truth = file.stored is not None and file.stored.newest.variant == REFERENCE_VARIANT
    if not missing or (len(missing) == len(wanted) and not own_truth):
        return None
    return BaselineError(
        f"{len(missing)} of its {plural(len(wanted), 'reference picture')} {'is' if len(missing) == 1 else 'are'} "
        f"missing, the first is of {missing[0].prompt!r} with seed {missing[0].seed}",
        where=str(file.path),
        cure="Restore the pictures, or record them again with `pytest --sdperf --sdperf-update=all`.",
    )


def _is_there(need: Need, found: Inventory) -> bool:
    return any(picture.key is not None and need.is_met_by(picture.key) for picture in found.pictures)
