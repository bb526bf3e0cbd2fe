"""The processes of one case: built some at once while nothing is timed, handed out one after the other."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_sdperf import protocol
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.measure.rig import AskedWorker, Model, Rig, build_spec
from pytest_sdperf.measure.room import expected_peak_bytes, has_room
from pytest_sdperf.variant import Case

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


@dataclass(frozen=True)
class Standing:
    """One process that was built and computes nothing."""

    name: str
    "of its log and pictures"
    worker: AskedWorker
    built: protocol.Built


@dataclass
class Processes:
    """Builds the processes of a case and hands them out in order. A context manager: at its end all are gone.

    Importing takes one thread, so as many are built at once as there are cores and memory has room for. Pictures are
    drawn only when all have answered: two threads of OpenMP that wait for each other on a core that a third one uses
    made a picture of `fp32` take 16 s in place of 0.4 (2 cores, torch 2.8), be it a timed one or not.
    """

    case: Case
    model: Model
    rig: Rig
    peak_bytes: int = 0
    "of one that was measured; 0: none was yet"
    _started: int = 0
    _ready: deque[Standing | SdperfError] = field(default_factory=deque)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.waiting:
            worker.kill()  # nobody needs it
        self._open.__exit__(kind, error, trace)

    @property
    def waiting(self) -> list[AskedWorker]:
        """Those that stand and have not been handed out."""
        return [one.worker for one in self._ready if isinstance(one, Standing)]

    def next(self, likely: int) -> Standing:
        """The next process; where none stands, up to ``likely`` are built, as many as may be at once.

        Raises LaunchError and WorkerError of the process that is handed out, whenever that failed.
        """
        if not self._ready:
            self._build(self._at_once(likely))
        first = self._ready.popleft()
        if isinstance(first, SdperfError):
            raise first
        return first

    def _at_once(self, likely: int) -> int:
        most = min(likely, self.rig.cores)
        if most > 1:
            peak_bytes = self.peak_bytes or expected_peak_bytes(self.model.folder)
            while most > 1 and not has_room(most, peak_bytes):
                most -= 1
        return most

    def _build(self, count: int) -> None:
        started: list[tuple[str, AskedWorker] | SdperfError] = []
        for _ in range(count):
            self._started += 1
            started.append(self._start(f"process-{self._started}"))
        for one in started:
            self._ready.append(one if isinstance(one, SdperfError) else _standing(*one))

    def _start(self, name: str) -> tuple[str, AskedWorker] | SdperfError:
        spec = build_spec(self.case, self.model, self.rig, name)
        try:
            worker = self._open.enter_context(self.rig.worker(self.case, name))
        except SdperfError as error:
            return error
        worker.send(protocol.Build(spec))
        return name, worker


def _standing(name: str, worker: AskedWorker) -> Standing | SdperfError:
    try:
        return Standing(name, worker, worker.receive(protocol.Built))
    except SdperfError as error:
        return error
