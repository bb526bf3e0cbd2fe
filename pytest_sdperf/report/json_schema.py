"""The JSON schema of the report, made from the types that are written: what ``docs/report.schema.json`` holds."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from pytest_sdperf.report.json import FORMAT, FORMAT_VERSION
from pytest_sdperf.report.outcome import Report

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NON_FINITE = {
    "title": "NonFinite",
    "description": "NaN and infinities, which JSON lacks.",
    "type": "object",
    "properties": {"non_finite": {"enum": ["nan", "inf", "-inf"]}},
    "required": ["non_finite"],
    "additionalProperties": False,
}


def schema() -> dict[str, Any]:
    """The schema of the whole document, JSON Schema 2020-12."""
    [report], types = msgspec.json.schema_components([Report], schema_hook=_anything, ref_template="#/$defs/{name}")
    return {
        "$schema": _DIALECT,
        "title": f"{FORMAT}, version {FORMAT_VERSION}",
        "type": "object",
        "properties": {"format": {"const": FORMAT}, "version": {"const": FORMAT_VERSION}, "report": report},
        "required": ["format", "version", "report"],
        "$defs": {**{name: _definition(types[name]) for name in sorted(types)}, "NonFinite": _NON_FINITE},
    }


def render() -> str:
    """The schema as a file."""
    return json.dumps(schema(), indent=1) + "\n"


def _anything(kind: type) -> dict[str, Any]:
    """A workload's values are those of a test's keywords."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError  # msgspec then names the type


def _definition(found: Any) -> Any:
    return _with_clean_descriptions(_with_non_finite(found))


def _with_non_finite(part: Any) -> Any:
    """Wherever a number may stand, what stands for NaN and infinities may, too."""
    if isinstance(part, list):
        return [_with_non_finite(p) for p in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "number":
        rest = {k: v for k, v in part.items() if k == "default"}
        number = {k: v for k, v in part.items() if k != "default"}
        return {"anyOf": [number, {"$ref": "#/$defs/NonFinite"}], **rest}
    return {k: v if k in ("default", "enum") else _with_non_finite(v) for k, v in part.items()}


def _with_clean_descriptions(part: Any) -> Any:
    """Descriptions are docstrings, which Python indents as their source before 3.13, and not from there on."""
    if isinstance(part, list):
        return [_with_clean_descriptions(p) for p in part]
    if not isinstance(part, dict):
        return part
    return {
        k: inspect.cleandoc(v) if k == "description" and isinstance(v, str) else _with_clean_descriptions(v)
        for k, v in part.items()
    }
