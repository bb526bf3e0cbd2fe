"""Digests that are kept between runs."""

import hashlib

import pytest

from pytest_sdperf.base import kept_digests
from pytest_sdperf.base.kept_digests import KeptDigests
from pytest_sdperf.base.tree_walk import digest_of_file


@pytest.fixture
def read(monkeypatch):
    """The files that were read."""
    read = []
    monkeypatch.setattr(kept_digests, "digest_of_file", lambda file: read.append(file) or digest_of_file(file))
    return read


@pytest.fixture
def oar(tmp_path):
    (tmp_path / "oar.py").write_text("left")
    return tmp_path / "oar.py"


def test_a_file_is_read_once_as_long_as_it_stays_as_it_is(tmp_path, read, oar):
    digests = KeptDigests(tmp_path / "kept" / "digests.json")
    assert [digests.of(str(oar)) for _ in range(2)] == [hashlib.sha256(b"left").hexdigest()] * 2
    assert read == [str(oar)]
    oar.write_text("right")
    assert digests.of(str(oar)) == hashlib.sha256(b"right").hexdigest()
    assert len(read) == 2


def test_the_next_run_does_not_read_it_again(tmp_path, read, oar):
    path = tmp_path / "kept" / "digests.json"
    first = KeptDigests(path)
    first.of(str(oar))
    first.keep()
    assert KeptDigests(path).of(str(oar)) == hashlib.sha256(b"left").hexdigest()
    assert len(read) == 1
    oar.write_text("right")
    assert KeptDigests(path).of(str(oar)) == hashlib.sha256(b"right").hexdigest()


def test_one_that_is_gone_has_none(tmp_path):
    assert KeptDigests(tmp_path / "digests.json").of(str(tmp_path / "gone")) == ""


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}'])
def test_what_cannot_be_read_or_written_only_costs_time(tmp_path, oar, text):
    path = tmp_path / "digests.json"
    path.write_text(text)
    digests = KeptDigests(path)
    assert digests.of(str(oar)) == hashlib.sha256(b"left").hexdigest()
    path.unlink()
    path.mkdir()
    digests.keep()
