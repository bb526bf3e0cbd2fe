"""Name the base's tests that this run did not judge, each with the reason: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_sdperf.base.declaration import Asks
from pytest_sdperf.wording import listed

_TESTS_SHOWN = 5

GONE = "gone"
"""The fate of a test that is not collected here."""

RAN = "ran"
"""That of one that ran to its end without a case being judged."""

MEASURED = "only measured"
"""That of one that ran to its end with cases that were measured, and none judged."""

PARTLY = "partly judged"
"""That of one that judged a case, and only measured another."""

FINE = "fine"
"""That of one that judged a case or failed: pytest's own result says what there is to say."""


_CALL = "call check there and only measure here, so that nothing of them was judged"

_MEASURED: Mapping[Asks, str] = {
    "": "",
    "check": _CALL,
    "both": _CALL,
    "measure": "",
    "unclear": "may call check there, as their code does not show, and only measure here: nothing of them was judged",
    "maybe": "",
    "maybe_check": _CALL,
}
"""What a test asks for -> what a reviewer must know where it only measured."""


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
            if not asks.startswith("maybe")
            else ("ask for their fixtures by name and are not collected here, so no limit applies if they measured")
        )
    if fate == PARTLY:
        return "call check there and here also only measure cases, of which nothing was judged" * (asks == "check")
    if fate == MEASURED:
        return _MEASURED[asks]
    if fate == RAN:
        return "" if asks.startswith("maybe") else "measured nothing here, so that nothing of them was judged"
    return f"this run did not judge, {fate}"


def uncalled(asks: Mapping[str, Asks], fates: Mapping[str, str]) -> list[str]:
    """Notes on tests here that did not come to the `check` in their code, as sentences.

    ``asks`` are those tests of this run that no base is known to have -> what they ask for; ``fates`` as above.
    """
    groups: dict[str, list[str]] = {}
    for nodeid, asked in asks.items():
        how = {MEASURED: "only measured", RAN: "measured nothing"}.get(fates[nodeid], "")
        if how and (asked in ("check", "both") or (asked == "maybe_check" and fates[nodeid] == MEASURED)):
            groups.setdefault(how, []).append(nodeid)
    return [
        f"tests that call check in their code {how} in this run, so that nothing of them was judged: "
        f"{listed(nodeids, _TESTS_SHOWN)}"
        for how, nodeids in groups.items()
    ]


def selected(nodeids: Iterable[str], arguments: Iterable[str]) -> list[str]:
    """The tests that a command line asks for whose ``arguments`` name files, folders or tests, as node ids begin.

    No arguments, or an empty one, ask for all of them.
    """
    wanted = list(arguments)
    return [n for n in nodeids if not wanted or any(_is_within(n, argument) for argument in wanted)]


def _is_within(nodeid: str, argument: str) -> bool:
    rest = nodeid.removeprefix(argument)
    return argument == "" or (nodeid.startswith(argument) and (not rest or rest[0] in "/[:"))
