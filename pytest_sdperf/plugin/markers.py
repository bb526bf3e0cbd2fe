"""What a test's sdperf markers say."""

from __future__ import annotations

import pytest

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
