"""Workers that import what the next cases' factories will, while a case is built: importing takes one core of several.

Such a worker does not know its case: a test says what to draw when it asks for it. So it loads libraries, from outside
of the tree, and builds nothing. Only variants of this package say which. Of one that a conftest declares nothing is
loaded early: that folder comes first on the import path, and may have a module of a library's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf import protocol
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.measure.file_watch import FileWatch, Part
from pytest_sdperf.measure.room import expected_peak_bytes, has_room
from pytest_sdperf.variant import Variant

if TYPE_CHECKING:
    from pytest_sdperf.measure.rig import AskedWorker, Start

Upcoming = Callable[[int], Sequence[Variant]]
"""The variants of at most so many of the next cases, in order, as far as they are known."""


class Need(NamedTuple):
    """What a case needs of a worker before it is built; one that stands serves what needs the same."""

    libraries: str
    launch: str
    model_dir: str
    watched: tuple[str, ...]
    timeout_s: float

    @classmethod
    def of(cls, variant: Variant, model_dir: Path | None, look: FileWatch | None, timeout_s: float) -> Need:
        launch = variant.launch
        settings = repr((sorted(launch.env.items()), launch.preload, launch.pin))
        watched = tuple(look.roots) if look else ()
        return cls(variant.libraries, settings, str(model_dir or ""), watched, timeout_s)


@dataclass
class EarlyWorker:
    """A worker that was started before its case is known."""

    worker: AskedWorker
    need: Need
    start: Part | None = None
    "what was opened while it was started; None: nobody watched"


@dataclass
class EarlyWorkers:
    """Starts them, and hands them to their cases.

    One that fails is given up: its case starts another one, which meets the same error when it is that case's turn.
    """

    work_dir: Path = Path()
    upcoming: Upcoming = lambda _most: ()
    _standing: list[EarlyWorker] = field(default_factory=list)
    _started: int = 0
    _open: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """End those that no case has asked for."""
        self._standing.clear()
        self._open.close()

    @property
    def standing(self) -> list[AskedWorker]:
        """Those that no case has asked for."""
        return [one.worker for one in self._standing]

    def take(self, need: Need, look: FileWatch | None) -> AskedWorker | None:
        """A worker that stands for a case, which the caller ends; None: there is none."""
        for one in self._standing:
            if one.need == need:
                self._standing.remove(one)
                if look and one.start:
                    look.add(one.start)
                return one.worker
        return None

    def start(
        self, start: Start, most: int, need: Callable[[Variant], Need], model_dir: Path | None
    ) -> list[EarlyWorker]:
        """Start workers for at most so many of the next cases, as memory allows; they do nothing yet."""
        begun: list[EarlyWorker] = []
        for variant in self.upcoming(most) if most > 0 else ():
            its = need(variant)
            is_loadable = its.libraries and its.model_dir and not variant.import_path
            if is_loadable and its not in [one.need for one in self._standing] and _has_room(model_dir):
                self._started += 1
                log_path = self.work_dir / f"early-{self._started}-{variant.name}.log"
                with suppress(SdperfError):
                    worker = self._open.enter_context(start(variant.launch, log_path=log_path, timeout_s=its.timeout_s))
                    self._open.callback(worker.kill)
                    begun.append(EarlyWorker(worker, its))
        return begun

    def load(self, begun: Sequence[EarlyWorker]) -> None:
        """Let workers that were started import their libraries; `settle` waits for them."""
        for one in begun:
            one.worker.send(protocol.Preload(one.need.libraries, one.need.model_dir, one.need.watched))

    def settle(self, begun: Sequence[EarlyWorker], look: FileWatch | None) -> None:
        """Wait until they have imported, and compute nothing; what they opened is not the running case's."""
        for one in begun:
            try:
                activity = one.worker.receive(protocol.Preloaded).activity
            except SdperfError:
                one.worker.kill()
                continue
            if look:
                look.forget(activity)
            self._standing.append(one)


def _has_room(model_dir: Path | None) -> bool:
    """For the case that is built now, and the next one's."""
    return has_room(2, expected_peak_bytes(model_dir))
