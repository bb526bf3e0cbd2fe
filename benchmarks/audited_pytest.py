"""Run pytest and list what it starts and writes: ``python audited_pytest.py REPORT.json [pytest's arguments]``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

STARTS = (
    "subprocess.Popen",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.spawn",
    "os.system",
    "pty.spawn",
)
"""Audit events of a process that starts; https://docs.python.org/3/library/audit_events.html"""

CHANGES = ("os.rename", "os.link", "os.symlink")
"""Audit events that change files, other than `open` and `os.mkdir`; their second path is the new one."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> int:
    report, arguments = Path(sys.argv[1]), sys.argv[2:]
    started: list[str] = []
    written: list[str] = []

    def listen(event: str, values: tuple[Any, ...]) -> None:
        if event in STARTS:
            started.append(f"{event} {values[0] if values else ''}".strip())
        elif event == "open" and isinstance(values[2], int) and values[2] & _WRITING:
            written.append(str(values[0]))
        elif event == "os.mkdir":
            if not Path(values[0]).is_dir():  # asked for again where it exists: no change
                written.append(str(values[0]))
        elif event in CHANGES:
            written.append(str(values[1]))

    sys.addaudithook(listen)
    import pytest

    code = pytest.main(arguments)
    found = {
        "started": list(started),
        "written": [p for p in written if p != os.devnull],
        "modules": sorted(sys.modules),
    }
    report.write_text(json.dumps(found), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
