"""The model in a case's name: readable, safe as part of a file's name, and another one for every other model."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A part of a name that a tag has as it is. It has no capitals, which some file systems do not distinguish, and neither
`--`, which joins parts, nor `_`, which sets off a digest."""

_SYNTHETIC = re.compile(r"synthetic([:-])([a-z0-9]+)")

_LONGEST = 60
_LONGEST_TAIL = 40


def model_tag(name: str) -> str:
    """``bundled``, ``synthetic-tiny``, ``models--ours`` for models/ours, ``sd-v1-5_0b1c2d3e`` for models/SD_v1.5.

    ``name`` is what a session calls the model, the same for every spelling of one folder. Where a tag cannot hold the
    whole name, it is the last part of the name and a digest of all of it. Nothing else decides, so a model has one tag
    in every session. Tags of two names differ, also where capitals do not count.
    """
    synthetic = _SYNTHETIC.fullmatch(name)
    if synthetic and synthetic[1] == ":":
        return f"synthetic-{synthetic[2]}"
    name = unicodedata.normalize("NFC", name)  # macOS decomposes the names of files
    parts = name.split("/")
    tag = "--".join(parts)
    if len(tag) <= _LONGEST and all(map(_PLAIN.fullmatch, parts)) and not synthetic:
        return tag
    last = next((part for part in reversed(parts) if part), "")
    tail = re.sub(r"[^a-z0-9]+", "-", last.lower())[:_LONGEST_TAIL].strip("-") or "model"
    return f"{tail}_{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
