"""What a reviewer is told of stored files that differ."""

import msgspec
import pytest

from pytest_sdperf.baselines.changed_files import changed_files
from pytest_sdperf.baselines.store import BaselineStore


@pytest.fixture
def folders(tmp_path):
    """Two empty folders of baselines: the base's and the head's."""
    for name in ("base", "head"):
        (tmp_path / name).mkdir()
    return tmp_path / "base", tmp_path / "head"


def write(root, name, data=b"x"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_nothing_differs(folders, make_stored, machine):
    for root in folders:
        BaselineStore(root, machine).save(make_stored())
    assert changed_files(*folders) == []
    assert changed_files(folders[0] / "none", folders[1] / "none") == []


def test_new_removed_and_replaced(folders):
    base, head = folders
    write(base, "references/ab/gone.png")
    write(base, "references/ab/other.png", b"1")
    write(head, "references/ab/other.png", b"2")
    write(head, "m/new.json")
    write(base, "stray.json", b"1")
    write(head, "stray.json", b"2")
    assert changed_files(base, head) == [
        "m/new.json: new",
        "references/ab/gone.png: removed",
        "references/ab/other.png: replaced",
        "stray.json: replaced",
    ]


def test_the_latency_of_a_baseline(folders, make, make_stored, machine, case_id):
    base, head = folders
    slow = make((2_310_000_000, 2_310_000_000, 2_310_000_000))
    BaselineStore(base, machine).save(make_stored())
    BaselineStore(head, machine).save(make_stored(slow, slow))
    [told] = changed_files(base, head)
    assert told == f"{machine}/{case_id}.json: latency 2.1 s -> 2.31 s (+10.0 %), 1 -> 2 runs"
    BaselineStore(head, machine).save(make_stored(slow))
    [told] = changed_files(base, head)
    assert told == f"{machine}/{case_id}.json: latency 2.1 s -> 2.31 s (+10.0 %)"


def test_one_that_cannot_be_read(folders, make_stored, machine, case_id):
    base, head = folders
    BaselineStore(base, machine).save(make_stored())
    write(head, f"{machine}/{case_id}.json", b"{")
    [told] = changed_files(base, head)
    assert told.startswith(f"{machine}/{case_id}.json: replaced, and one of both cannot be read: the file is truncated")


def test_runs_of_other_sizes_have_no_levels_to_compare(folders, make, make_stored, machine):
    for root, size in zip(folders, ("64x64", "32x32"), strict=True):
        store = BaselineStore(root, machine)
        run = make()
        processes = [
            msgspec.structs.replace(process, images={size: next(iter(process.images.values()))})
            for process in run.processes
        ]
        store.save(make_stored(msgspec.structs.replace(run, processes=processes)))
    [said] = changed_files(*folders)
    assert said.endswith(": of other sizes")
