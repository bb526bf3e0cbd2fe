"""Whether Linux gives programs huge pages by itself."""

from __future__ import annotations

import re
from pathlib import Path


def transparent_huge_pages(*, root: Path = Path("/")) -> str:
    """`always`, `madvise` or `never`; empty where the system does not say."""
    try:
        text = (root / "sys/kernel/mm/transparent_hugepage/enabled").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r"\[(\w+)\]", text)
    return found[1] if found else ""
