"""Whose fault an error is, where processes of base and head run side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_sdperf.errors import ComparisonError, SdperfError, WorkerError


@contextmanager
def blamed_on_base() -> Iterator[None]:
    """Raise what goes wrong inside as a ComparisonError: the head is not to blame, its other parts are still judged."""
    try:
        yield
    except ComparisonError:
        raise
    except SdperfError as error:
        log_tail = error.log_tail if isinstance(error, WorkerError) else ""
        raise ComparisonError(
            f"the base cannot run: {error.what}", where=error.where, cure=error.cure, log_tail=log_tail
        ) from error
