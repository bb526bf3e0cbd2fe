"""Why base and head must not be compared, by the code that ran: one sentence from all that can be wrong with it."""

from __future__ import annotations

from pytest_sdperf.base.declaration import same_declaration
from pytest_sdperf.base.left_behind import explained, left_behind
from pytest_sdperf.base.provenance import installed_code, wrong_code
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.target import Target
from pytest_sdperf.comparison import BASE, HEAD
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure.paired import SampledPair
from pytest_sdperf.observations import Measured
from pytest_sdperf.variant import Case
from pytest_sdperf.wording import listed

_SHOWN = 3


def code_fault(base: BaseSide, case: Case, measured: Measured, pair: SampledPair, *, other_model: bool) -> str:
    """Why base and head must not be compared, by what the first pair and the head by itself ran; empty: they may be."""
    trees, looked = base.trees, measured.looked
    if trees is None:
        return ""
    factory, same = case.variant.factory, same_declaration(case.variant, measured.case.variant)
    own = base.interpreter is not None
    error = wrong_code(
        factory,
        pair.modules[HEAD],
        pair.modules[BASE],
        trees,
        same_declaration=same,
        own_libraries=own,
        other_model=other_model,
    )
    for activity in (looked.activity if looked else None, pair.activity if own else None):
        if error is None and activity and same:
            error = installed_code(factory, activity.modules, trees)
    if error is None and looked and base.target.revision:
        error = left_behind(looked, trees, base=pair.activity, label=base.target.revision.label)
    return "" if error is None else str(error)


def shared_servers(measured: Measured, target: Target) -> str:
    """A note where the head's processes talk to servers that they did not start; empty: they talk to none."""
    servers = measured.looked.activity.servers if measured.looked and target.revision else []
    if not servers:
        return ""
    name, where = measured.case.variant.name, listed(servers, _SHOWN)
    return (
        f"{name} connects to {where}, and so does {target.label}: what answers there is part of neither revision, so a "
        "change of it is not compared"
    )


def base_fault(base: BaseSide, error: ComparisonError) -> str:
    """Why the base cannot run, as a sentence: with the file that it misses, where git ignores that."""
    if base.trees is None or base.target.revision is None:
        return str(error)
    said = f"{error.what}\n{error.log_tail}"
    return str(explained(error, said, base.trees, label=base.target.revision.label))
