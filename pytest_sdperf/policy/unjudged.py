"""Name the base's tests that this run did not judge, each with the reason: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_sdperf.wording import listed

if TYPE_CHECKING:
    from pytest_sdperf.base.declaration import Asks

_TESTS_SHOWN = 5

GONE = "gone"
"""The fate of a test that is not collected here."""

RAN = "ran"
"""That of one that ran to its end without a case being judged."""

MEASURED = "only measured"
"""That of one that ran to its end with cases that were measured, and none judged."""

FINE = "fine"
"""That of one that judged a case or failed: pytest's own result says what there is to say."""


def unjudged(awaited: Mapping[str, Asks], fates: Mapping[str, str], label: str) -> list[str]:
    """One note for each reason, for a reviewer, as a sentence.

    ``awaited`` are the tests that the base, named ``label``, would run for the same command line -> what they ask for.
    ``fates`` says of each what became of it here: one of the constants above, or why it did not run, as a clause.
    """
    groups: dict[str, list[str]] = {}
    for nodeid, asks in awaited.items():
        if reason := _reason(asks, fates[nodeid]):
            groups.setdefault(reason, []).append(nodeid)
    return [f"tests of {label} that {reason}: {listed(nodeids, _TESTS_SHOWN)}" for reason, nodeids in groups.items()]


def _reason(asks: Asks, fate: str) -> str:
    """What a reviewer must know of a test, as the rest of `tests of main that …`; empty: nothing."""
    if fate == FINE:
        return ""
    if fate == GONE:
        return (
            "are not collected here, so no limit applies"
            if asks != "maybe"
            else ("ask for their fixtures by name and are not collected here, so no limit applies if they measured")
        )
    if fate == MEASURED:
        return "call check there and only measure here, so that nothing of them was judged" if asks == "check" else ""
    if fate == RAN:
        return "" if asks == "maybe" else "measured nothing here, so that nothing of them was judged"
    return f"this run did not judge, {fate}"


def selected(nodeids: Iterable[str], arguments: Iterable[str]) -> list[str]:
    """The tests that a command line asks for whose ``arguments`` name files, folders or tests, as node ids begin.

    No arguments, or an empty one, ask for all of them.
    """
    wanted = list(arguments)
    return [n for n in nodeids if not wanted or any(_is_within(n, argument) for argument in wanted)]


def _is_within(nodeid: str, argument: str) -> bool:
    rest = nodeid.removeprefix(argument)
    return argument == "" or (nodeid.startswith(argument) and (not rest or rest[0] in "/[:"))
