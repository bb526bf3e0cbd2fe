"""Models that OpenVINO compiled and ran: input shapes, threads and the kernel of every operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from pytest_sdperf.measurement import KernelTime
from pytest_sdperf.worker.stages import Method, find_stages, wrap

SOURCE = "OpenVINO runtime model"


def compiled_models(pipeline: object) -> dict[str, Any]:
    """Name -> ``openvino.CompiledModel``: what ``sdperf_compiled_models()`` declares, else those of the stages.

    Empty for a pipeline that is not OpenVINO's.
    """
    declare = getattr(pipeline, "sdperf_compiled_models", None)
    if declare is not None:
        return dict(declare())
    parts: dict[str, Any] = {stage: owner for stage, (owner, _) in find_stages(pipeline).items() if _is_part(owner)}
    return {stage: part.request for stage, part in parts.items()}


def input_shapes(models: Mapping[str, Any]) -> dict[str, str]:
    """``unet.sample`` -> ``[2,4,64,64]``, `?` for a dynamic dimension, of every compiled model."""
    return {
        f"{name}.{_input_name(port, index)}": str(port.get_partial_shape()).replace(" ", "")
        for name, model in models.items()
        for index, port in enumerate(model.inputs)
    }


def _input_name(port: Any, index: int) -> str:
    """A name that says what it is: tracing also leaves bare numbers."""
    names = sorted(port.get_names())
    return next((name for name in names if not name.isdecimal()), f"input{index}")


def inference_threads(models: Mapping[str, Any]) -> int:
    """Threads of the model that computes with the most."""
    return max((int(m.get_property("INFERENCE_NUM_THREADS")) for m in models.values()), default=0)


def capture_kernels(pipeline: object, draw: Callable[[], object]) -> list[KernelTime]:
    """Call ``draw`` on profiled twins of the pipeline's models and read which kernels ran, the longest first.

    Every model is compiled again, in the same process and with the same configuration and ``PERF_COUNT``,
    because profiling would slow the timed pictures. The pipeline has its own models back afterwards.
    """
    twins: dict[int, _Twin] = {}
    with ExitStack() as stack:
        for stage, (owner, method) in find_stages(pipeline).items():
            if _is_part(owner):
                stack.callback(wrap(stage, owner, method, partial(_profiled, owner, twins)))
        draw()
    times: dict[tuple[str, str, str], tuple[int, float]] = {}
    for twin in twins.values():
        for key, time_ms in _executed(twin.compiled.get_runtime_model()):
            calls, total_ms = times.get(key, (0, 0.0))
            times[key] = (calls + twin.calls, total_ms + time_ms * twin.calls)
    kernels = [KernelTime(*key, calls=calls, time_ms=total_ms) for key, (calls, total_ms) in times.items()]
    return sorted(kernels, key=lambda k: -k.time_ms)


class _Twin:
    """A model compiled again with profiling, and how often it ran."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.calls = 0


def _is_part(owner: Any) -> bool:
    """True for a part of an optimum-intel pipeline that is compiled: its `request` is the compiled model."""
    return hasattr(owner, "ov_config") and hasattr(getattr(owner, "request", None), "get_runtime_model")


def _profiled(part: Any, twins: dict[int, _Twin], forward: Method) -> Method:
    """Let every call of ``part`` run on a profiled twin of whatever model it holds at that moment."""

    def on_twin(*args: Any, **kwargs: Any) -> Any:
        timed = part.request
        twin = twins.get(id(timed))
        if twin is None:
            twin = twins[id(timed)] = _Twin(_compile_profiled(part))
        part.request = twin.compiled
        twin.calls += 1
        try:
            return forward(*args, **kwargs)
        finally:
            part.request = timed

    return on_twin


def _compile_profiled(part: Any) -> Any:
    import openvino

    device = part.request.get_property("EXECUTION_DEVICES")[0]
    return openvino.Core().compile_model(part.model, device, {**part.ov_config, "PERF_COUNT": True})


def _executed(runtime_model: Any) -> Iterator[tuple[tuple[str, str, str], float]]:
    """((operation, implementation, precision), ms of one inference) of every operation that ran.

    ``execTimeMcs`` is the mean over the inferences so far.
    """
    for operation in runtime_model.get_ops():
        info = operation.get_rt_info()
        spent = _text(info, "execTimeMcs")
        if spent.isdecimal() and int(spent) > 0:
            key = (_text(info, "layerType"), _text(info, "primitiveType"), _text(info, "runtimePrecision").lower())
            yield key, int(spent) / 1000


def _text(info: Any, key: str) -> str:
    return str(info[key].value)
