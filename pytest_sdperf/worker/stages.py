"""Find the stages of a pipeline and time every call of them, without touching the picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.families import FAMILIES, family_of
from pytest_sdperf.models.families.family import Stage

Stages = dict[str, tuple[object, str]]

Method = Callable[..., Any]


def find_stages(pipeline: object) -> Stages:
    """Stage name -> (owner, name of its method), in the order of a picture.

    The stages that ``sdperf_stages()`` declares, else those of the family of a diffusers or optimum-intel pipeline,
    by its class; of the first family for any other class. Empty where it has none of them. Raises CaseError for a
    declaration that names no method.
    """
    declare = getattr(pipeline, "sdperf_stages", None)
    if declare is not None:
        return _checked(declare())
    family = family_of(kind.__name__ for kind in type(pipeline).__mro__) or FAMILIES[0]
    stages = {stage.name: _place(pipeline, stage) for stage in family.stages}
    return {name: place for name, place in stages.items() if place is not None}


def _place(pipeline: object, stage: Stage) -> tuple[object, str] | None:
    """Where a pipeline of optimum-intel or diffusers has a stage; None where it has not."""
    for component, method in ((stage.openvino, "forward"), stage.torch):
        owner = getattr(pipeline, component, None)
        if owner is not None and callable(getattr(owner, method, None)):
            return owner, method
    return None


def _checked(declared: Any) -> Stages:
    cure = 'Return {"unet": (object, "name of its method")}.'
    if not isinstance(declared, Mapping):
        raise CaseError(f"sdperf_stages() gave {declared!r}", cure=cure)
    for stage, place in declared.items():
        if not (
            isinstance(stage, str)
            and isinstance(place, tuple)
            and len(place) == 2
            and isinstance(place[1], str)
            and callable(getattr(place[0], place[1], None))
        ):
            raise CaseError(f"stage {stage!r} of sdperf_stages() is {place!r}, which names no method", cure=cure)
    return dict(declared)


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


class StageTimer:
    """Wraps the stages' methods on their instances until closed; one picture's calls at a time.

    A stage called inside another is timed as its own and taken off the outer one, so that the stages
    of a picture never add up to more than its total. A stage that calls itself counts once.
    """

    def __init__(self, stages: Stages, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        """Wrap at once; ``clock`` gives nanoseconds from any start."""
        self._clock = clock
        self._calls_ns: dict[str, list[int]] = {stage: [] for stage in stages}
        self._running: list[tuple[str, int]] = []
        "(stage, ns spent in stages called inside), outermost first"
        self._undo: list[Callable[[], None]] = []
        try:
            for stage, (owner, method) in stages.items():
                self._undo.append(wrap(stage, owner, method, partial(self._timed, stage)))
        except BaseException:
            self.close()
            raise

    def reset(self) -> None:
        """Forget the calls: a new picture begins."""
        self._calls_ns = {stage: [] for stage in self._calls_ns}
        self._running = []

    @property
    def calls_ns(self) -> dict[str, list[int]]:
        """Wall time of each call since the last reset, ns, in order; every stage is there."""
        return {stage: list(calls) for stage, calls in self._calls_ns.items()}

    def close(self) -> None:
        """Give the methods back."""
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> StageTimer:  # noqa: PYI034 (Self needs Python 3.11)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _timed(self, stage: str, timed: Method) -> Method:
        def call(*args: Any, **kwargs: Any) -> Any:
            if any(name == stage for name, _ in self._running):
                return timed(*args, **kwargs)
            depth = len(self._running)
            self._running.append((stage, 0))
            start_ns = self._clock()
            try:
                return timed(*args, **kwargs)
            finally:
                spent_ns = self._clock() - start_ns
                _, inside_ns = self._running[depth]
                del self._running[depth:]
                self._calls_ns[stage].append(spent_ns - inside_ns)
                if depth:
                    outer, outer_inside_ns = self._running[-1]
                    self._running[-1] = (outer, outer_inside_ns + spent_ns)

        return call
