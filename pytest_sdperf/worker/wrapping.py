"""Replace a method on one instance, and give it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_sdperf.errors import CaseError

Method = Callable[..., Any]


def wrap(stage: str, owner: object, method: str, wrapper: Callable[[Method], Method]) -> Callable[[], None]:
    """Let ``owner.method`` be ``wrapper(what it was)``; returns what undoes that. Raises CaseError for ``stage``."""
    own = vars(owner).get(method) if hasattr(owner, "__dict__") else None
    try:
        setattr(owner, method, wrapper(getattr(owner, method)))
    except AttributeError as error:
        raise CaseError(
            f"stage {stage!r} cannot be watched: {type(owner).__name__}.{method} cannot be replaced ({error})",
            cure="Let sdperf_stages() name an object whose attributes can be set.",
        ) from error
    return lambda: delattr(owner, method) if own is None else setattr(owner, method, own)
