"""Paths that stay inside the baselines folder, whatever the names they are made of."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_sdperf.errors import BaselineError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")


def confined(root: Path, *names: str) -> Path:
    """``root`` joined with ``names``, each one plain file or folder name.

    Raises BaselineError for a name that climbs (`..`, `/`), is hidden or too long, and for a symbolic link
    on the way that leads out of ``root``.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise BaselineError(
                f"{name!r} cannot name a stored file",
                where=str(root),
                cure="Use letters, digits and . _ + - only, up to 200 of them.",
            )
    path = root.joinpath(*names)
    if not path.resolve().is_relative_to(root.resolve()):
        raise BaselineError(
            f"a symbolic link leads out of the baselines folder to {path.resolve()}",
            where=str(path),
            cure="Remove the link, or point --sdperf-baselines at the folder itself.",
        )
    return path
