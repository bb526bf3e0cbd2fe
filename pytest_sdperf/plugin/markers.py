"""What a test's sdperf markers say."""

from __future__ import annotations

import pytest

from pytest_sdperf.errors import OptionError
from pytest_sdperf.plugin.fail_or_skip import fail


def marker_keywords(item: pytest.Item) -> dict[str, object]:
    """Keywords of a test's sdperf markers, unread; where several markers give the same keyword, the nearest counts."""
    keywords: dict[str, object] = {}
    for mark in item.iter_markers("sdperf"):
        keywords = {**mark.kwargs, **keywords}
    return keywords


def checked_keywords(item: pytest.Item) -> dict[str, object]:
    """The same; fails the test for a marker that gives anything else than keywords."""
    for mark in item.iter_markers("sdperf"):
        if mark.args:
            fail(
                f"@pytest.mark.sdperf got {mark.args!r} without a keyword. "
                'Write it like @pytest.mark.sdperf(max_slowdown="5%").'
            )
    return marker_keywords(item)


def requirement_of(mark: pytest.Mark) -> str | None:
    """``requires_isa("avx512_bf16")`` -> ``isa:avx512_bf16``; None for other people's markers. Raises OptionError."""
    kind = mark.name.removeprefix("requires_")
    if mark.name == kind or kind not in ("amx", "isa", "cores", "memory", "package"):
        return None
    takes = 0 if kind == "amx" else 1
    if len(mark.args) != takes or mark.kwargs:
        example = {"isa": '("avx512_bf16")', "cores": "(8)", "memory": '("16GiB")', "package": '("openvino>=2026")'}
        raise OptionError(
            f"@pytest.mark.{mark.name} got {mark.args or mark.kwargs or 'nothing'}",
            cure=f"Write it like @pytest.mark.{mark.name}{example.get(kind, '')}.",
        )
    return f"{kind}:{mark.args[0]}" if takes else kind
