"""Texts of users that go into JSON, environments and files: what none of these can hold is refused by name."""

from __future__ import annotations

import json
from typing import Any


def text_fault(text: str) -> str:
    """What keeps ``text`` from being handed on, as the end of a sentence; empty: nothing does."""
    lone = next((c for c in text if "\ud800" <= c <= "\udfff"), "")
    if lone:
        return f"has a lone surrogate (U+{ord(lone):04X}), which no UTF-8 text can hold"
    return "has a NUL character" if "\0" in text else ""


def repeated_key(document: str | bytes) -> str:
    """The first name that an object of a JSON document gives twice; empty: none does. Raises ValueError for no JSON.

    Readers take the last value, and people read the first.
    """
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if not found and len(set(names)) < len(names):
            found.append(next(name for name in names if names.count(name) > 1))

    json.loads(document, object_pairs_hook=look)
    return found[0] if found else ""
