"""The files in which two folders differ."""

import os

import pytest

from pytest_sdperf.model_difference import FileDifference, ModelDifference
from pytest_sdperf.models.folder_difference import differing_files, sizes


@pytest.fixture
def folders(tmp_path):
    """Write two folders of files: name -> bytes."""

    def folders(base, head):
        for side, files in (("base", base), ("head", head)):
            (tmp_path / side).mkdir()
            for name, data in files.items():
                path = tmp_path / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        return tmp_path / "base", tmp_path / "head"

    return folders


def test_what_is_other_added_and_removed(folders):
    base, head = folders(
        {"a/same": b"12", "a/one": b"12", "longer": b"1", "gone": b"123"},
        {"a/same": b"12", "a/one": b"13", "longer": b"12", "new": b""},
    )
    assert differing_files(base, head) == [
        FileDifference("a/one", 2, 2),
        FileDifference("gone", 3, None),
        FileDifference("longer", 1, 2),
        FileDifference("new", None, 0),
    ]


def test_one_folder_by_two_names_is_not_read(folders, tmp_path):
    base, _ = folders({"a": b"1"}, {})
    (tmp_path / "link").symlink_to(base)
    assert differing_files(base, tmp_path / "link") == []


def test_our_notes_and_gits_are_no_files_of_a_model(folders):
    base, head = folders({"a": b"1", "sdperf_manifest.json": b"1"}, {"a": b"1", ".git": b"gitdir", "b/.git/x": b""})
    assert differing_files(base, head) == []


def test_links_count_as_their_files_and_dangling_ones_not_at_all(folders, tmp_path):
    base, head = folders({"a": b"12"}, {})
    (tmp_path / "blob").write_bytes(b"12")
    (head / "a").symlink_to("../blob")
    (head / "b").symlink_to("nowhere")
    assert differing_files(base, head) == []
    assert sizes(head) == {"a": 2}


def test_the_last_byte_of_a_large_file(folders):
    data = os.urandom((8 << 20) + 5)
    base, head = folders({"a": data}, {"a": data[:-1] + bytes([data[-1] ^ 1])})
    assert differing_files(base, head) == [FileDifference("a", len(data), len(data))]


def test_only_digests_are_of_the_work():
    assert ModelDifference("m", "m", "1", "2").is_of_work
    assert not ModelDifference("m", "m", "1", "1").is_of_work
