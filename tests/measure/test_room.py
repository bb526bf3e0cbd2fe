"""Memory for several processes."""

import pytest

from pytest_sdperf.measure import room
from pytest_sdperf.measure.room import expected_peak_bytes, has_room, needed_bytes


def test_what_processes_need_is_a_fifth_more_than_one_was_seen_to(tmp_path):
    assert needed_bytes(2, 1_000) == 2_400
    assert needed_bytes(2, 1_000, more_of_model_bytes=100) == 2_664


@pytest.mark.parametrize(("left", "fits"), [(2_399, False), (2_400, True)])
def test_both_sides_of_the_limit(monkeypatch, left, fits):
    monkeypatch.setattr(room, "available_memory_bytes", lambda: left)
    assert has_room(2, 1_000) is fits


def test_before_one_was_measured_its_model_tells(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "total_bytes", lambda folder: 10 if folder else 0)
    assert expected_peak_bytes(None) == 1 << 30
    assert expected_peak_bytes(tmp_path) == (1 << 30) + 22
