"""Read a JSON report from a file or from stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_sdperf.errors import ReportError

if TYPE_CHECKING:
    from pytest_sdperf.report.model import Report

STANDARD = "-"
"""What stands for stdin and stdout."""


def read_report(name: str) -> Report:
    """The report that `--sdperf-json` wrote to ``name``, or that comes on stdin (`-`). Raises ReportError."""
    from pytest_sdperf.report import json

    where = "standard input" if name == STANDARD else name
    try:
        data = sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()
        text = data.decode()
    except OSError as error:
        raise ReportError(
            f"reading failed: {error.strerror or error}",
            where=where,
            cure="Name a file that --sdperf-json has written.",
        ) from error
    except UnicodeDecodeError as error:
        raise ReportError(
            f"this report is not UTF-8: {error}", where=where, cure="Write a new one with --sdperf-json=PATH."
        ) from error
    return json.read(text, where=where)
