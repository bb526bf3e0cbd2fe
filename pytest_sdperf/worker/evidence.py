"""Collect everything a variant's claims may be about, in one untimed picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_sdperf.errors import CaseError
from pytest_sdperf.measurement import Evidence, KernelTime
from pytest_sdperf.texts import text_fault
from pytest_sdperf.worker import onednn, process, runtime_model


def collect_evidence(pipeline: object, draw: Callable[[], object], stage_calls: Mapping[str, int]) -> Evidence:
    """Draw one picture with ``draw``, watched, in the process that was timed.

    ``stage_calls`` are the calls of each stage for one picture, as timed. OpenVINO's models report their kernels and
    shapes, torch those of oneDNN; any other pipeline is not drawn again, and its own facts are all there is.
    """
    kernels, source = _kernels(pipeline, draw)
    return Evidence(
        kernels=kernels,
        kernel_source=source,
        input_shapes=runtime_model.input_shapes(runtime_model.compiled_models(pipeline)),
        # Names without folders: evidence is committed with a baseline, and is compared across checkouts.
        allocator=Path(process.allocator()).name,
        allocator_settings=process.allocator_settings(),
        openmp_runtime=Path(process.openmp_runtime()).name,
        openmp_settings=process.openmp_settings(),
        threads=library_threads(pipeline),
        cpus_asked=process.cpus_asked(os.environ),
        cpus_seen=process.cpus_seen(),
        threads_asked=process.threads_asked(os.environ),
        stage_calls=dict(stage_calls),
        facts=_facts(pipeline),
    )


def library_threads(pipeline: object) -> int:
    """Threads that the library computes a picture with, 0 where it does not say."""
    models = runtime_model.compiled_models(pipeline)
    if models:
        return runtime_model.inference_threads(models)
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch is not None else 0


def _kernels(pipeline: object, draw: Callable[[], object]) -> tuple[list[KernelTime], str]:
    if runtime_model.compiled_models(pipeline):
        return runtime_model.capture_kernels(pipeline, draw), runtime_model.SOURCE
    if "torch" in sys.modules:
        return onednn.capture_kernels(draw), onednn.SOURCE
    return [], ""


def _facts(pipeline: object) -> dict[str, str]:
    declare = getattr(pipeline, "sdperf_facts", None)
    if declare is None:
        return {}
    facts = declare()
    if not isinstance(facts, Mapping):
        raise CaseError(f"sdperf_facts() gave {facts!r}", cure='Return a dict, such as {"version": "1.2"}.')
    texts = {str(name): str(value) for name, value in facts.items()}
    for name, value in texts.items():
        if fault := text_fault(name) or text_fault(value):
            raise CaseError(
                f"sdperf_facts() gave {name!r}: {value!r}, which {fault}", cure="Report texts of whole characters."
            )
    return texts
