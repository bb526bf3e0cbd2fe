"""How a test fails or skips for us: with a sentence on one line, whatever text is in it, and no traceback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_sdperf.errors import ComparisonError, SdperfError, WorkerError
from pytest_sdperf.options import Options
from pytest_sdperf.plugin.results import RESULTS

if TYPE_CHECKING:
    from pytest_sdperf.hardware.requirements import Unmet
    from pytest_sdperf.report.outcome import Outcome

_LONGEST_LINE = 1000
"""Of a worker's log, characters."""

_LONGEST_SENTENCE = 4000


def one_line(text: object) -> str:
    """A sentence of ours, which may quote text from outside, as one line that commands neither terminal nor CI."""
    from pytest_sdperf.report.plain import plain

    return plain(str(text).strip(), _LONGEST_SENTENCE)


def usage_error(*problems: object) -> pytest.UsageError:
    """The error with which pytest ends a run that was called wrongly; each problem is one line."""
    return pytest.UsageError("\n".join(map(one_line, problems)))


def fail(text: object) -> NoReturn:
    """Fail the test with a sentence."""
    raise pytest.fail.Exception(one_line(text), pytrace=False) from None


@contextmanager
def failures_reported(item: pytest.Item, *, variant: str = "", case_id: str = "") -> Iterator[None]:
    """Turn an error that people can fix into the test's failure: its sentence, no traceback, the worker's log.

    Where ``variant`` is named, any error means that a case of it is not measured, and is kept for the report.
    """
    try:
        yield
    except pytest.exit.Exception:
        raise
    except SdperfError as error:
        log = _log_of(error)
        if log:
            item.add_report_section("call", "sdperf worker log", log)
        if variant:
            item.config.stash[RESULTS].fail(item, one_line(error), variant=variant, case_id=case_id, log=log)
        fail(error)
    except (pytest.fail.Exception, Exception) as error:
        if variant:
            own = isinstance(error, pytest.fail.Exception)
            sentence = one_line(error if own else described(error))
            item.config.stash[RESULTS].fail(item, sentence, variant=variant, case_id=case_id)
        raise


def described(error: BaseException) -> str:
    """``ValueError: the mast broke``, for errors that are not ours."""
    return f"{type(error).__name__}: {error}"


def _log_of(error: SdperfError) -> str:
    """The end of a worker's log, made plain line by line; empty where there is none."""
    if not (isinstance(error, (ComparisonError, WorkerError)) and error.log_tail):
        return ""
    from pytest_sdperf.report.plain import plain

    return "\n".join(plain(line, _LONGEST_LINE) for line in error.log_tail.splitlines())


def fail_where_broken(item: pytest.Item, outcome: Outcome) -> None:
    """Fail the test where a promise broke."""
    from pytest_sdperf.report import failure

    if outcome.failed:
        item.add_report_section("call", "sdperf", failure.section(outcome))
        fail(failure.sentence(outcome))


def refuse(unmet: Sequence[Unmet], options: Options) -> None:
    """Skip with every reason; fail where one of them is required to be there."""
    if not unmet:
        return
    from pytest_sdperf.hardware.requirements import is_required

    reasons = " / ".join(u.reason for u in unmet)
    if any(is_required(u, options.require) for u in unmet):
        fail(f"{reasons} [--sdperf-require={','.join(options.require)} makes this a failure]")
    skip(reasons)


def skip(reason: str) -> NoReturn:
    """Skip the test; the summary then names the test's line, as for pytest's own markers."""
    raise pytest.skip.Exception(one_line(reason), _use_item_location=True)
