"""The program that one side of a comparison runs: code, files, model, libraries and settings, as one value."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pytest_sdperf.variant import Case
from pytest_sdperf.workload import size_key


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a case's processes compute; two equal ones with nothing unknown need no timing."""

    modules: dict[str, str] = {}
    "module of the compared tree that was loaded -> sha256 of its file"
    places: dict[str, str] = {}
    "such a module -> its file, relative to the tree"
    files: dict[str, str] = {}
    "other file of the tree that was opened, relative to the tree -> sha256"
    installed: dict[str, str] = {}
    "top-level package outside of the tree -> sha256 of what was loaded of it; empty where both sides share it"
    outside: dict[str, str] = {}
    "other file that was opened, absolute -> sha256; empty where both sides share it"
    names: str = ""
    "sha256 of the names of files that may steer by being there; empty where both trees were searched"
    model_digest: str = ""
    "sha256 of weights and configurations; empty where the variant brings its own"
    python: str = ""
    "`CPython 3.11.7`"
    packages: dict[str, str] = {}
    "versions of the libraries in the worker"
    variables: dict[str, str] = {}
    "environment variables that steer threads, allocators and kernels"
    settings: dict[str, str] = {}
    "the variant's declaration: `factory`, `prepare`, `scheduler`, `launch.env.NAME`, `params.NAME` … -> value as JSON"
    workload: dict[str, str] = {}
    "`prompts`, `sizes`, `num_inference_steps` … -> value as JSON"
    unknown: list[str] = []
    "why this is not all that decides, as clauses: `the process connected to a socket`"


UNASKED = Program(unknown=[""])
"""The program of a side that is measured in any case."""


def settings_of(case: Case) -> dict[str, str]:
    """The declaration of a case's variant, as far as it decides what runs; its promises do not."""
    variant = case.variant
    launch = variant.launch
    facts: dict[str, object] = {
        "factory": variant.factory,
        "prepare": variant.prepare,
        "scheduler": variant.scheduler,
        "launch.preload": launch.preload,
        "launch.pin": launch.pin,
        **{f"launch.env.{name}": value for name, value in launch.env.items()},
        **{f"params.{name}": value for name, value in variant.params.items()},
    }
    return {name: _json(value) for name, value in facts.items()}


def workload_of_case(case: Case) -> dict[str, str]:
    """The workload of a case."""
    workload = case.workload
    facts: dict[str, object] = {
        "prompts": workload.prompts,
        "seeds": workload.seeds,
        "sizes": [size_key(size) for size in workload.sizes],
        "num_inference_steps": workload.num_inference_steps,
        "guidance_scale": workload.guidance_scale,
    }
    return {name: _json(value) for name, value in facts.items()}


def workload_texts(workload: Mapping[str, object]) -> dict[str, str]:
    """The workload of a measurement."""
    return {name: _json(value) for name, value in workload.items()}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
