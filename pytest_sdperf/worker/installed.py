"""Packages that this interpreter finds, and those of them that this process has loaded."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

MAPS = Path("/proc/self/maps")


def installed_packages() -> dict[str, dict[str, Any]]:
    """Name as indexes spell it -> ``version``, and ``loaded``: a module or library of it is in this process.

    Of a package that is found twice the first counts, as for imports. An editable install never counts as loaded: its
    files are the project's.
    """
    loaded = _loaded_files()
    found: dict[str, dict[str, Any]] = {}
    for package in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"] or "").lower()
        if name and name not in found:
            found[name] = {"version": package.version, "loaded": _is_loaded(package, loaded)}
    return found


def _is_loaded(package: metadata.Distribution, loaded: set[str]) -> bool:
    # The text itself: as paths, the 15,000 files of torch take a second.
    record = package.read_text("RECORD") or ""
    folder = os.path.realpath(str(package.locate_file("")))
    for line in record.splitlines():
        path = f"{folder}{os.sep}{line.partition(',')[0]}"
        if (os.path.normpath(path) if ".." in path else path) in loaded:  # see above
            return True
    return False


def _loaded_files() -> set[str]:
    """Real paths of the files of modules, and of what is mapped into this process's memory."""
    files = {getattr(module, "__dict__", {}).get("__file__") for module in [*sys.modules.values()]}
    found = {os.path.realpath(file) for file in files if isinstance(file, str)}
    try:
        mapped = MAPS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return found
    return found | {line[line.index("/") :] for line in mapped.splitlines() if "/" in line}
