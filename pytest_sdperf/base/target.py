"""The target that a session is compared with, as its options name it: settled before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_sdperf.base.checkout.before_head import base_of
from pytest_sdperf.base.checkout.revision import Head, Revision, head_of
from pytest_sdperf.base.environment.of_base import BUILD, BUILT, Libraries
from pytest_sdperf.base.interpreter import Interpreter, other_interpreter
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.options import Options

AGAINST = "--sdperf-against"

SELF = "self"
"""The head once more: a control, which must find nothing."""


@dataclass(frozen=True)
class Target:
    """The base, named and known to be there."""

    head: Head | None
    "the working tree; None where only interpreters differ, or nothing does"
    revision: Revision | None
    "None: the working tree as it is"
    interpreter: Interpreter | None
    "None: the one that runs this session"
    control: bool
    "whether the head is also to be compared with itself"
    libraries: Libraries = field(default_factory=Libraries)
    "those of the revision"
    note: str = ""
    "for people, where the base is another than the one that was named, or there is none"
    is_missing: bool = False
    "True where the head was named and nothing was there before it: there is nothing to compare with"

    @property
    def is_head(self) -> bool:
        """True where base and head are the same."""
        return self.revision is None and self.interpreter is None

    @property
    def label(self) -> str:
        """For people: ``origin/main (1a2b3c4d5e)``."""
        parts = [part.label for part in (self.revision, self.interpreter) if part is not None]
        return ", ".join(parts) or "the same tree"

    @property
    def head_label(self) -> str:
        """For people: ``working tree at 1a2b3c4d5e``."""
        return self.head.label if self.head else "working tree"

    def with_libraries(self, options: Options) -> Target:
        """The target with the libraries that the options want. Raises ComparisonError for two environments at once."""
        if options.base_env == BUILD and self.interpreter is not None:
            raise ComparisonError(
                f"the base would have two environments: that of {self.interpreter.path}, and one that is built",
                where=f"{AGAINST}-python, {BUILT}",
                cure="Leave one of the options out; --sdperf-base-env=same overrides an ini file.",
            )
        return replace(self, libraries=Libraries(options.base_env, options.dependency_files, options.base_env_extras))


def target_of(
    against: str | None, against_python: str | None, rootdir: Path, environ: Mapping[str, str]
) -> Target | None:
    """The target that ``--sdperf-against`` and ``--sdperf-against-python`` name; None where neither is given.

    ``against`` is a revision, ``self``, or a revision and ``,self``: then each comparison has a control with it.
    Raises ComparisonError for a target that cannot be compared with.
    """
    if against is None and against_python is None:
        return None
    names = [name.strip() for name in (against or "").split(",") if name.strip()]
    if against is not None and not names:
        raise ComparisonError(
            f"{against!r} names no revision", where=AGAINST, cure=f"Name one, or {SELF} for a control."
        )
    control = SELF in names[1:] or (SELF in names and against_python is not None)
    revisions = [name for name in names if name != SELF]
    if len(revisions) > 1 or len(names) > 2:
        raise ComparisonError(
            f"{against!r} names several revisions", where=AGAINST, cure=f"Name one, or one and {SELF} (main,{SELF})."
        )
    interpreter = None if against_python is None else other_interpreter(against_python, rootdir, environ)
    if not revisions:
        return Target(None, None, interpreter, control)
    head = head_of(rootdir, AGAINST, otherwise=f", or compare interpreters with {AGAINST}-python")
    base = base_of(revisions[0], head, environ)
    is_missing = base.revision is None and interpreter is None
    return Target(head, base.revision, interpreter, control, note=base.note, is_missing=is_missing)
