"""Errors that people read: each names the value, the place and the cure."""

from __future__ import annotations


class SdperfError(Exception):
    """Something the user can fix.

    ``what`` is a sentence that names the offending value, ``where`` the option, file or test it
    came from, ``cure`` what to do about it.
    """

    def __init__(self, what: str, *, cure: str, where: str = "") -> None:
        self.what = what
        self.where = where
        self.cure = cure
        place = f" [{where}]" if where else ""
        super().__init__(f"{what}{place}. {cure}")


class OptionError(SdperfError):
    """An option, ini key or marker keyword has a value that cannot be used."""


class CaseError(SdperfError):
    """A variant, workload or claim is declared wrongly."""


class ModelError(SdperfError):
    """The model cannot be used: missing, incomplete, unsafe or of another kind."""


class BaselineError(SdperfError):
    """A stored baseline or reference cannot be read, trusted or written."""


class LaunchError(SdperfError):
    """A worker process cannot be started as its variant asks (a preload file is missing, say)."""


class WorkerError(SdperfError):
    """A worker process failed; ``log_tail`` holds the last lines it and its libraries printed."""

    def __init__(self, what: str, *, cure: str, where: str = "", log_tail: str = "") -> None:
        super().__init__(what, cure=cure, where=where)
        self.log_tail = log_tail


class ComparisonError(SdperfError):
    """Base and head cannot be compared: no such revision, interpreter or code; ``log_tail`` as above."""

    def __init__(self, what: str, *, cure: str, where: str = "", log_tail: str = "") -> None:
        super().__init__(what, cure=cure, where=where)
        self.log_tail = log_tail


class ReportError(SdperfError):
    """A stored report cannot be read or trusted."""
