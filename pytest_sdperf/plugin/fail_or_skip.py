"""How a test fails or skips for us: with a sentence, and no traceback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_sdperf.errors import ComparisonError, SdperfError, WorkerError
from pytest_sdperf.options import Options

if TYPE_CHECKING:
    from pytest_sdperf.hardware.requirements import Unmet
    from pytest_sdperf.report.outcome import Outcome

_LONGEST_LINE = 1000
"""Of a worker's log, characters."""


@contextmanager
def failures_reported(item: pytest.Item) -> Iterator[None]:
    """Turn an error that people can fix into the test's failure: its sentence, no traceback, the worker's log."""
    try:
        yield
    except SdperfError as error:
        if isinstance(error, (ComparisonError, WorkerError)) and error.log_tail:
            from pytest_sdperf.report.plain import plain

            log = "\n".join(plain(line, _LONGEST_LINE) for line in error.log_tail.splitlines())
            item.add_report_section("call", "sdperf worker log", log)
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def fail_where_broken(item: pytest.Item, outcome: Outcome) -> None:
    """Fail the test where a promise broke."""
    from pytest_sdperf.report import failure

    if outcome.verdict is not None and not outcome.verdict.passed:
        item.add_report_section("call", "sdperf", failure.section(outcome))
        pytest.fail(failure.sentence(outcome), pytrace=False)


def refuse(unmet: Sequence[Unmet], options: Options) -> None:
    """Skip with every reason; fail where one of them is required to be there."""
    if not unmet:
        return
    from pytest_sdperf.hardware.requirements import is_required

    reasons = " / ".join(u.reason for u in unmet)
    if any(is_required(u, options.require) for u in unmet):
        pytest.fail(f"{reasons} [--sdperf-require={','.join(options.require)} makes this a failure]", pytrace=False)
    skip(reasons)


def skip(reason: str) -> NoReturn:
    """Skip the test; the summary then names the test's line, as for pytest's own markers."""
    raise pytest.skip.Exception(reason, _use_item_location=True)
