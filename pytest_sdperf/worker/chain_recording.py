"""The reference's chain in a file: what each stage was given and gave back, call by call, and the picture.

An array that is the same as in the call before, as the text embeddings are, is kept once. A picture of Stable Diffusion
1.5 at 512 x 512 pixels with 20 steps takes 13 MB, one array at a time in memory.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_sdperf.picture_chain import PictureChain, StageRounding
from pytest_sdperf.worker.leaves import copied, leaves
from pytest_sdperf.worker.stages import Method, Stages, wrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Picture = NDArray[np.float32]

_CALLS, _PICTURE, _ROUNDING = "calls.json", "picture", "rounding.json"
_GIVEN, _ANSWERED = "in", "out"


def record(stages: Stages, draw: Callable[[], Picture], path: Path) -> Picture:
    """Draw a picture, and keep its chain in ``path``. The picture is the same as without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file, ExitStack() as undo:
        writer = _Writer(file)
        for stage, (owner, method) in stages.items():
            undo.callback(wrap(stage, owner, method, partial(writer.watched, stage)))
        picture = draw()
        writer.end(picture)
    return picture


def keep_rounding(path: Path, rounded: PictureChain) -> None:
    """Add to the chain in ``path`` what was found when its own pipeline followed it, rounding to bf16."""
    found = {
        stage.stage: StageRounding(stage.output_db, fmean(stage.gains), fmean(stage.mean_errors))
        for stage in rounded.stages
        if stage.output_db and not stage.not_followed
    }
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(_ROUNDING, msgspec.json.encode(found))


class Recorded:
    """Reads a recorded chain, one array at a time."""

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path)
        self._calls: dict[str, list[list[int]]] = json.loads(self._file.read(_CALLS))
        self._names = {*self._file.namelist()}
        rounding = self._file.read(_ROUNDING) if _ROUNDING in self._names else b"{}"
        self._rounding = msgspec.json.decode(rounding, type=dict[str, StageRounding])

    def rounding(self, stage: str) -> StageRounding | None:
        """What rounding to bf16 does to the reference's stage; None: that was not looked at."""
        return self._rounding.get(stage)

    @property
    def stages(self) -> list[str]:
        """In the order of their first calls."""
        return list(self._calls)

    def calls(self, stage: str) -> int:
        return len(self._calls.get(stage, ()))

    def given(self, stage: str, call: int) -> list[Array]:
        """What a call (from 1) was given: numbers and arrays in order, float32 or int64."""
        return [self._at(stage, call, _GIVEN, i) for i in range(self._calls[stage][call - 1][0])]

    def answered(self, stage: str, call: int) -> list[Array]:
        """What it gave back, likewise."""
        return [self._at(stage, call, _ANSWERED, i) for i in range(self._calls[stage][call - 1][1])]

    @property
    def picture(self) -> Picture:
        """float32 (height, width, 3) in 0..1."""
        return self._array(_PICTURE)

    def __enter__(self) -> Recorded:  # noqa: PYI034 (Self needs Python 3.11)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def _at(self, stage: str, call: int, side: str, index: int) -> Array:
        earlier = (_name(stage, n, side, index) for n in range(call, 0, -1))
        return self._array(next(name for name in earlier if f"{name}.npy" in self._names))

    def _array(self, name: str) -> Array:
        from numpy.lib.format import read_array

        with self._file.open(f"{name}.npy") as member:
            array: Array = read_array(member, allow_pickle=False)
        return array


class _Writer:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._calls: dict[str, list[list[int]]] = {}
        self._last: dict[tuple[str, str, int], Array] = {}
        self._running: set[str] = set()

    def watched(self, stage: str, original: Method) -> Method:
        def call(*args: Any, **kwargs: Any) -> Any:
            if stage in self._running:  # a stage that calls itself counts once
                return original(*args, **kwargs)
            self._running.add(stage)
            try:
                calls = self._calls.setdefault(stage, [])
                calls.append([0, 0])
                counts, number = calls[-1], len(calls)
                counts[0] = self._keep(stage, number, _GIVEN, [*leaves((args, kwargs))])
                answer = original(*args, **kwargs)
                counts[1] = self._keep(stage, number, _ANSWERED, [*leaves(answer)])
            finally:
                self._running.discard(stage)
            return answer

        return call

    def end(self, picture: Picture) -> None:
        self._write(_PICTURE, picture)
        self._file.writestr(_CALLS, json.dumps(self._calls))

    def _keep(self, stage: str, call: int, side: str, values: Sequence[Any]) -> int:
        import numpy as np

        for index, value in enumerate(values):
            array, last = copied(value), self._last.get((stage, side, index))
            if last is None or last.dtype != array.dtype or not np.array_equal(last, array, equal_nan=True):
                self._last[stage, side, index] = array
                self._write(_name(stage, call, side, index), array)
        return len(values)

    def _write(self, name: str, array: Array) -> None:
        from numpy.lib.format import write_array

        with self._file.open(f"{name}.npy", "w", force_zip64=True) as member:
            write_array(member, array, allow_pickle=False)


def _name(stage: str, call: int, side: str, index: int) -> str:
    return f"{stage}/{call}/{side}/{index}"
