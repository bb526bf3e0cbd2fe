from pathlib import Path

import filelock
import msgspec
import pytest

from pytest_sdperf import atomic
from pytest_sdperf.baselines import store as module
from pytest_sdperf.baselines.store import BaselineStore, certainly_unused, confined, lock_path, write_file
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measurement import Environment


@pytest.fixture
def store(tmp_path, machine):
    return BaselineStore(tmp_path / "baselines", machine)


def test_layout(store, case_id, machine):
    assert store.path(case_id) == store.root / machine / f"{case_id}.json"


def test_saved_and_loaded(store, make, make_stored, case_id):
    assert store.load(case_id) is None
    assert list(store.variants()) == []
    assert not store.root.exists(), "looking makes no folder"
    assert store.save(make_stored()) == store.path(case_id)
    assert store.load(case_id) == make_stored()
    two = make_stored(make(), make((5_000_000_000,) * 3))
    store.save(two)
    assert store.load(case_id) == two


def test_every_variant_of_the_machine_shows_its_jobs(store, make, make_stored, case_id, machine):
    store.save(make_stored(make(), make()))
    store.save(make_stored(make(case_id="tuned")))
    other = BaselineStore(store.root, "spr-32c-amx")
    other.save(make_stored(make(environment=Environment(machine_key="spr-32c-amx"))))
    (store.root / machine / "broken.json").write_text("{")
    (store.root / machine / "no name for a case.json").write_text("{")
    assert list(store.variants()) == [[make(), make()], [make(case_id="tuned")]]


@pytest.mark.parametrize("case_id", ["../../etc/passwd", "/etc/passwd", "..", "a/../../b"])
def test_a_case_that_climbs_out_is_refused(store, make, make_stored, case_id):
    for action in (store.load, lambda c: store.save(make_stored(make(case_id=c)))):
        with pytest.raises(BaselineError, match="cannot name a stored file"):
            action(case_id)


def test_a_file_copied_from_another_machine_is_refused(store, make, make_stored, case_id):
    other = BaselineStore(store.root, "spr-32c-amx")
    path = other.save(make_stored(make(environment=Environment(machine_key="spr-32c-amx"))))
    ours = store.path(case_id)
    ours.parent.mkdir()
    ours.write_bytes(path.read_bytes())
    with pytest.raises(BaselineError) as error:
        store.load(case_id)
    assert error.value.what == "the file is of machine spr-32c-amx, but lies where zen5-2c-avx512_bf16 belongs"
    assert error.value.where == str(ours)


def test_a_measurement_of_another_machine_is_not_saved(store, make, make_stored):
    with pytest.raises(BaselineError) as error:
        store.save(make_stored(make(environment=Environment(machine_key="spr-32c-amx"))))
    assert error.value.what == (
        "a measurement of machine spr-32c-amx cannot be a baseline of machine zen5-2c-avx512_bf16"
    )
    assert error.value.cure == "Record it on the machine that it shall judge."
    assert not store.root.exists()


def test_a_broken_measurement_leaves_the_stored_one(store, make, make_stored, case_id):
    store.save(make_stored())
    with pytest.raises(BaselineError, match="there are no processes"):
        store.save(make_stored(make(), msgspec.structs.replace(make(), processes=[])))
    assert store.load(case_id) == make_stored()


def test_a_folder_in_the_files_place(store, case_id):
    store.path(case_id).mkdir(parents=True)
    with pytest.raises(BaselineError) as error:
        store.load(case_id)
    assert error.value.what.startswith("reading failed: ")
    assert error.value.cure == "Make it a readable file."


def test_unused_and_foreign_are_named_and_left(store, make, make_stored, case_id, machine):
    assert (store.unused([]), store.foreign()) == ([], [])
    store.save(make_stored())
    store.save(make_stored(make(case_id="tuned-old")))
    folder = store.root / machine
    for stray in (folder / "notes.txt", folder / ".case.json.1.tmp", store.root / "README", folder / ".hidden.json"):
        stray.write_text("")
    for other in (store.root / "spr-32c-amx", store.root / "references", folder / "sub"):
        other.mkdir()
    assert store.unused([case_id]) == [folder / "tuned-old.json"]
    assert store.unused([case_id, "tuned-old"]) == []
    assert store.foreign() == [
        store.root / "README",
        store.root / "spr-32c-amx",
        folder / ".case.json.1.tmp",
        folder / ".hidden.json",
        folder / "notes.txt",
        folder / "sub",
    ]
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("name", ["fp32-tiny-64x64+128x128-4steps-0a1b.json", "a", "_x", "1.0", "a" * 200])
def test_plain_names(tmp_path, name):
    assert confined(tmp_path, "machine", name) == tmp_path / "machine" / name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", ".hidden", "a\n", "a" * 201, "c:x", "a\0b", "ü"]
)
def test_names_that_climb_or_hide(tmp_path, name):
    with pytest.raises(BaselineError) as error:
        confined(tmp_path, "machine", name)
    assert error.value.what == f"{name!r} cannot name a stored file"
    assert error.value.where == str(tmp_path)
    assert error.value.cure == "Use letters, digits and . _ + - only, up to 200 of them."
    with pytest.raises(BaselineError):
        confined(tmp_path, name, "case.json")


def test_a_link_that_leads_out_is_refused(tmp_path):
    root, outside = tmp_path / "baselines", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "machine").symlink_to(outside)
    with pytest.raises(BaselineError) as error:
        confined(root, "machine", "case.json")
    assert error.value.what == f"a symbolic link leads out of the baselines folder to {outside / 'case.json'}"
    (root / "inside").mkdir()
    (root / "inside" / "case.json").symlink_to(outside / "case.json")
    with pytest.raises(BaselineError):
        confined(root, "inside", "case.json")


def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert confined(tmp_path / "link", "m", "c") == tmp_path / "link" / "m" / "c"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "machine" / "case.json"


def test_the_lock_lies_outside_of_the_folder(path, tmp_path):
    write_file(path, b"one")
    assert [p.name for p in path.parent.iterdir()] == ["case.json"]
    assert not lock_path(path).is_relative_to(tmp_path)
    assert lock_path(path) != lock_path(path.with_name("other.json"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_leaves_what_was_stored(path, monkeypatch):
    write_file(path, b"old")
    monkeypatch.setattr(atomic, "_write", lambda _temporary, data: Path("/dev/full").write_bytes(data))
    with pytest.raises(BaselineError) as error:
        write_file(path, b"new")
    assert error.value.what == "writing failed: No space left on device; the stored file is unchanged"
    assert error.value.where == str(path)
    assert error.value.cure == "Make room or give write permission, then run the same command again."
    assert path.read_bytes() == b"old"


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "machine").write_text("")
    with pytest.raises(BaselineError, match="writing failed"):
        write_file(tmp_path / "machine" / "case.json", b"x")


def test_a_lock_that_is_never_released_is_named(path, monkeypatch):
    lock = lock_path(path)
    lock.parent.mkdir(parents=True)
    monkeypatch.setattr(module, "_WAIT_S", 0.0)
    with filelock.FileLock(lock), pytest.raises(BaselineError) as error:
        write_file(path, b"x")
    assert error.value.what == "another process has been writing for 0 s"
    assert error.value.cure == f"End it (lock {lock})."
    assert not path.exists()


def test_a_measurement_of_another_machine_is_not_stored(store, make, make_stored, machine, case_id):
    foreign = make_stored(make(environment=Environment(machine_key="spr-32c-amx")))
    with pytest.raises(BaselineError) as error:
        store.save(foreign)
    assert error.value.what == f"a measurement of machine spr-32c-amx cannot be a baseline of machine {machine}"
    assert not store.path(case_id).exists()


def test_a_file_that_is_taken_away_meanwhile_shows_nothing(store, tmp_path, monkeypatch):
    monkeypatch.setattr(BaselineStore, "unused", lambda self, used: [tmp_path / "gone.json"])
    assert list(store.variants()) == []


def test_nothing_is_certainly_unused_where_the_variants_of_a_test_are_not_known(tmp_path):
    paths = [tmp_path / "ship-a.json", tmp_path / "boat-a.json"]
    assert certainly_unused(paths, {}) == paths
    assert certainly_unused(paths, {"t": ["ship"]}) == paths[1:]
    assert certainly_unused(paths, {"t": ["ship"], "u": []}) == []


def test_what_can_be_written_is_known_before(store, case_id):
    store.check_writable(case_id)
    assert not store.root.exists(), "nothing is made for it"
    store.root.mkdir()
    store.check_writable(case_id)
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("name", ["machine", "references"])
def test_what_cannot_be_written_is_told_as_writing_would(store, case_id, machine, name):
    store.root.mkdir()
    (store.root / (machine if name == "machine" else name)).write_text("no folder")
    with pytest.raises(BaselineError) as error:
        store.check_writable(case_id)
    assert error.value.what.startswith("writing failed: Not a directory")


def test_a_lock_that_another_process_holds_is_waited_for_before_measuring_too(store, case_id, monkeypatch):
    monkeypatch.setattr(module, "_WAIT_S", 0.01)
    lock = lock_path(store.path(case_id))
    lock.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(lock), pytest.raises(BaselineError, match="another process has been writing"):
        store.check_writable(case_id)
