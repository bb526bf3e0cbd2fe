import numpy as np
import pytest

from pytest_sdperf.baselines.inventory import inventory, of_bytes, read_single
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.baselines.stored_pictures import ReferenceKey, reference_path, save_reference
from pytest_sdperf.errors import BaselineError

KEY = ReferenceKey(
    variant="fp32", model_digest="a" * 64, scheduler="default", prompt="a ship", num_inference_steps=4,
    guidance_scale=7.5, seed=0, size=(64, 64),
)  # fmt: skip


@pytest.fixture
def root(tmp_path, make_stored, machine):
    root = tmp_path / "baselines"
    BaselineStore(root, machine).save(make_stored())
    save_reference(root, KEY, np.random.default_rng(0).random((64, 64, 3)), threads=2, packages={})
    return root


def test_everything_is_found(root, machine, case_id):
    found = inventory(root, pixels=True)
    (file,) = found.files
    assert (file.machine_key, file.case_id, len(file.stored.runs)) == (machine, case_id, 1)
    assert file.size_bytes == file.path.stat().st_size
    (picture,) = found.pictures
    assert picture.key == KEY
    assert (found.faults, found.strangers) == ([], [])


def test_an_empty_folder(tmp_path):
    found = inventory(tmp_path)
    assert (found.files, found.pictures, found.strangers) == ([], [], [])


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BaselineError, match="the folder cannot be read: No such file"):
        inventory(tmp_path / "gone")


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"format": 1}', b"null"])
def test_a_baseline_that_cannot_be_trusted_is_told_and_no_other_suffers(root, machine, damage):
    (root / machine / "broken.json").write_bytes(damage)
    broken, fine = inventory(root).files
    assert broken.stored is None
    assert "truncated or no valid baseline" in str(broken.fault)
    assert fine.stored is not None


def test_a_truncated_baseline(root, machine, case_id):
    path = root / machine / f"{case_id}.json"
    path.write_bytes(path.read_bytes()[:-100])
    assert [fault.where for fault in inventory(root).faults] == [str(path)]


def test_a_baseline_in_the_wrong_place(root, machine, case_id):
    (root / "other").mkdir()
    (root / machine / f"{case_id}.json").rename(root / "other" / f"{case_id}.json")
    (fault,) = inventory(root).faults
    assert f"the file is of machine {machine}, but lies where other belongs" in str(fault)


@pytest.mark.parametrize("name", ["evil\x1b[31m.json", "a b.json", "ü.json"])
def test_a_name_that_cannot_be_stored(root, machine, name):
    (root / machine / name).write_text("{}")
    assert "cannot name a stored file" in str(next(f for f in inventory(root).files if f.path.name == name).fault)


def test_a_link_that_leads_out(root, machine, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (root / machine / "link.json").symlink_to(tmp_path / "secret.json")
    (fault,) = inventory(root).faults
    assert "a symbolic link leads out of the baselines folder" in str(fault)


def test_a_link_to_nowhere(root, machine):
    (root / machine / "link.json").symlink_to("nowhere.json")
    (fault,) = inventory(root).faults
    assert "reading failed: No such file" in str(fault)


def test_strangers(root, machine):
    for name in (
        "notes.txt",
        f"{machine}/notes.txt",
        "references/notes.txt",
        "references/aaaaaaaaaaaa/notes.txt",
        ".hidden",
    ):
        (root / name).write_text("")
    assert sorted(str(p.relative_to(root)) for p in inventory(root).strangers) == sorted(
        ["notes.txt", f"{machine}/notes.txt", "references/aaaaaaaaaaaa/notes.txt", "references/notes.txt"]
    )


def test_a_picture_under_another_name(root):
    path = reference_path(root, KEY)
    path.rename(path.with_name("other.png"))
    (fault,) = inventory(root).faults
    assert f"the picture is that of references/aaaaaaaaaaaa/{path.name}" in str(fault)


def test_a_picture_that_is_cut_off_is_only_seen_when_its_pixels_are_read(root):
    path = reference_path(root, KEY)
    path.write_bytes(path.read_bytes()[:-2000])
    assert inventory(root).faults == []
    (fault,) = inventory(root, pixels=True).faults
    assert "truncated or no PNG" in str(fault)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_a_picture_that_is_none(root, data):
    reference_path(root, KEY).write_bytes(data)
    (fault,) = inventory(root).faults
    assert "truncated or no PNG" in str(fault)


def test_a_picture_that_does_not_say_what_it_is(root):
    from PIL import Image

    Image.new("RGB", (64, 64)).save(reference_path(root, KEY))
    (fault,) = inventory(root).faults
    assert "does not say what it is a reference of" in str(fault)


def test_a_single_file_is_that_of_the_case_it_names(root, machine, case_id, tmp_path):
    copy = tmp_path / "copy of it.json"
    copy.write_bytes((root / machine / f"{case_id}.json").read_bytes())
    found = read_single(copy)
    assert (found.machine_key, found.case_id) == (machine, case_id)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"case_id": 3}', b"\xff\xfe"])
def test_a_single_file_that_cannot_be_trusted(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(BaselineError, match="truncated or no valid baseline"):
        read_single(path)


def test_a_single_file_that_is_not_there(tmp_path):
    with pytest.raises(BaselineError, match="reading failed: No such file"):
        read_single(tmp_path / "gone.json")


def test_bytes_of_a_revision(root, machine, case_id):
    data = (root / machine / f"{case_id}.json").read_bytes()
    assert of_bytes(data, root, machine, case_id).stored is not None
    assert of_bytes(data, root, machine, "other").fault is not None
