"""The processes of one case: built some at once while nothing is timed, handed out one after the other."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.measure.early import Need
from pytest_sdperf.measure.rig import AskedWorker, Model, Rig, build_spec
from pytest_sdperf.measure.room import expected_peak_bytes, has_room
from pytest_sdperf.variant import Case, Variant

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
    drawn only when all have answered, untimed ones, too: threads of OpenMP that wait for each other lose their cores to
    whatever else computes (two processes of `fp32` that warmed up at once: `paired._get_ready`).
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

    @property
    def beside(self) -> list[AskedWorker]:
        """All that stand beside the process that was handed out, and must compute nothing."""
        return [*self.waiting, *self.rig.early.standing]

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
        """Build ``count`` processes; cores that are left import for the next cases.

        All start before any builds, so that a watch over opened files knows what belongs to a start.
        """
        rig, look = self.rig, self.rig.look
        taken = rig.early.take(self._need(self.case.variant), look)
        with look.part() if look else nullcontext() as part:
            started = [self._start(taken if number == 0 else None) for number in range(count)]
            left = 0 if taken else rig.cores - count
            begun = rig.early.start(rig.start, left, self._need, self.model.folder)
        for early in begun:
            early.start = part
        for one in started:
            if not isinstance(one, SdperfError):
                one.worker.send(protocol.Build(one.spec))
        rig.early.load(begun)
        self._ready += [one if isinstance(one, SdperfError) else _built(one) for one in started]
        rig.early.settle(begun, look)

    def _need(self, variant: Variant) -> Need:
        return Need.of(variant, self.model.folder, self.rig.look, self.rig.timeout_s)

    def _start(self, taken: AskedWorker | None) -> _Started | SdperfError:
        self._started += 1
        name = f"process-{self._started}"
        spec = build_spec(self.case, self.model, self.rig, name)
        if taken:
            self._open.callback(taken.kill)
            return _Started(name, taken, spec)
        try:
            return _Started(name, self._open.enter_context(self.rig.worker(self.case, name)), spec)
        except SdperfError as error:
            return error


class _Started(NamedTuple):
    name: str
    worker: AskedWorker
    spec: BuildSpec


def _built(one: _Started) -> Standing | SdperfError:
    try:
        return Standing(one.name, one.worker, one.worker.receive(protocol.Built))
    except SdperfError as error:
        return error
