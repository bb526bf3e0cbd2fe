"""The compiled copy that Python keeps of a module: whether it is that of the source."""

from __future__ import annotations

import importlib.util
import marshal
import os
from pathlib import Path

_HEADER_BYTES = 16
"""Of a .pyc: magic number, flags, and the source's time and size or its hash (PEP 552)."""

_WORD = 0xFFFFFFFF


def source_of(path: str) -> str:
    """The source of a compiled copy in a `__pycache__`; empty for any other file."""
    if f"{os.sep}__pycache__{os.sep}" not in path or not path.endswith(".pyc"):
        return ""
    try:
        return importlib.util.source_from_cache(path)
    except ValueError:  # another tool's, such as pytest's rewritten ones
        return ""


def compiled_of(source: str) -> str:
    """The compiled copy of a source that is there now; empty: none is."""
    if not source.endswith(".py"):
        return ""
    try:
        path = importlib.util.cache_from_source(source)
    except (NotImplementedError, ValueError):
        return ""
    return path if os.path.isfile(path) else ""  # noqa: PTH113 -- texts, see loaded_from


def stale(source: str, compiled: str) -> str:
    """Why a compiled copy that Python takes is not what its source says, as a clause; empty where it is.

    Python takes a copy for current whose source had this size in this second: an edit within it goes unseen. Any other
    copy it passes over, and compiles the source.
    """
    try:
        content, now = Path(compiled).read_bytes(), Path(source).stat()
        if _is_passed_over(content[:_HEADER_BYTES], now):
            return ""
        kept = marshal.loads(content[_HEADER_BYTES:])  # noqa: S302 -- Python ran it already
        same = kept == compile(Path(source).read_bytes(), source, "exec", dont_inherit=True)
    except (OSError, ValueError, SyntaxError, EOFError, TypeError) as error:
        return f"{compiled} cannot be compared with its source ({type(error).__name__})"
    return "" if same else f"{compiled} is not compiled from {source} as that is now"


def _is_passed_over(header: bytes, source: os.stat_result) -> bool:
    """Whether a copy with this header names another time or size of its source; one with a hash names none."""
    flags, time_s, size = (int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12))
    return flags == 0 and (time_s, size) != (int(source.st_mtime) & _WORD, source.st_size & _WORD)
