import msgspec
import pytest

from pytest_sdperf.baselines.store import BaselineStore
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
    assert error.value.what == ("a measurement of machine spr-32c-amx is no baseline of machine zen5-2c-avx512_bf16")
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
