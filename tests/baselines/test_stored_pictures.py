import dataclasses
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pytest_sdperf.baselines.stored_pictures import (
    ReferenceKey,
    load_reference,
    reference_keys,
    reference_path,
    save_reference,
)
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.workload import Workload

KEY = ReferenceKey("fp32", "0123456789abcdef" * 4, "PNDMScheduler", "ein Schiff im Stürm", 20, 7.5, 0, (16, 24))


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((16, 24, 3), dtype=np.float32)


@pytest.fixture
def path(tmp_path, picture):
    return save_reference(tmp_path, KEY, picture, threads=2, packages={"torch": "2.8.0"})


def refused(tmp_path, key=KEY):
    with pytest.raises(BaselineError) as error:
        load_reference(tmp_path, key)
    assert error.value.where == str(reference_path(tmp_path, key))
    assert error.value.cure == "Delete the file and record it again with `pytest --sdperf --sdperf-update=new`."
    return error.value.what


def test_a_picture_survives_in_8_bits(tmp_path, picture, path):
    loaded = load_reference(tmp_path, KEY)
    assert loaded.dtype == np.float32
    assert loaded.shape == (16, 24, 3)
    assert np.abs(loaded - picture).max() <= 0.5 / 255 + 1e-6
    assert path.parent == tmp_path / "references" / "0123456789ab"
    assert path.name.startswith("fp32-16x24-20steps-PNDMScheduler-")
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_file_says_what_it_is(path):
    with Image.open(path) as image:
        chunk = json.loads(image.info["pytest-sdperf"])
    assert chunk == {
        "format_version": 1,
        "variant": "fp32",
        "model_digest": KEY.model_digest,
        "scheduler": "PNDMScheduler",
        "prompt": "ein Schiff im Stürm",
        "num_inference_steps": 20,
        "guidance_scale": 7.5,
        "seed": 0,
        "size": [16, 24],
        "threads": 2,
        "packages": {"torch": "2.8.0"},
    }


def test_nothing_stored(tmp_path):
    assert load_reference(tmp_path, KEY) is None


@pytest.mark.parametrize(
    "change",
    [
        {"variant": "ours"},
        {"model_digest": "f" * 64},
        {"model_digest": ""},
        {"scheduler": "DPMSolverMultistepScheduler"},
        {"prompt": "a goat"},
        {"num_inference_steps": 21},
        {"guidance_scale": 7.0},
        {"seed": 1},
        {"size": (24, 16)},
    ],
)
def test_a_reference_of_anything_else_lies_elsewhere_and_is_refused_if_moved(tmp_path, path, change):
    other = dataclasses.replace(KEY, **change)
    assert load_reference(tmp_path, other) is None
    moved = reference_path(tmp_path, other)
    moved.parent.mkdir(exist_ok=True)
    moved.write_bytes(path.read_bytes())
    (name,) = change
    what = refused(tmp_path, other)
    if name == "size":
        assert what == "the picture is RGB of 16x24, not RGB of 24x16"
    else:
        assert what == f"the reference is of {name} {getattr(KEY, name)!r}, not {change[name]!r}"


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda p: np.where(p > 0.99, np.nan, p), "the picture has "),
        (np.zeros_like, "the picture is all black"),
        (lambda p: p[:8], "the picture has shape (8, 24, 3), not (16, 24, 3)"),
        (lambda p: p * 255, "the picture has values from "),
    ],
)
def test_what_is_no_picture_is_never_stored(tmp_path, picture, spoil, what):
    with pytest.raises(BaselineError) as error:
        save_reference(tmp_path, KEY, spoil(picture), threads=2, packages={})
    assert error.value.what.startswith(what)
    assert error.value.cure == "It is never stored; fix what drew it."
    assert not (tmp_path / "references").exists()


@pytest.mark.parametrize("end", [0, 7, 20, 0.5, 0.95])
def test_truncated_png(tmp_path, path, end):
    data = path.read_bytes()
    path.write_bytes(data[: int(end * len(data)) if isinstance(end, float) else end])
    assert refused(tmp_path).startswith("the file is truncated or no PNG: ")


def test_another_format_under_the_same_name(tmp_path, path):
    Image.new("RGB", (24, 16)).save(path, format="JPEG")
    assert refused(tmp_path).startswith("the file is truncated or no PNG: ")


def test_a_picture_without_text(tmp_path, path):
    Image.new("RGB", (24, 16)).save(path)
    assert refused(tmp_path) == "the picture does not say what it is a reference of"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "the picture's text cannot be read: "),
        ("[]", "the picture's text cannot be read: "),
        ("{}", "format version None is unknown (known: 1)"),
        ('{"format_version": 2}', "format version 2 is unknown (known: 1)"),
        ('{"format_version": 1}', "the picture's text cannot be read: Object missing required field `variant`"),
    ],
)
def test_text_that_cannot_be_trusted(tmp_path, path, text, what):
    info = PngInfo()
    info.add_text("pytest-sdperf", text)
    Image.new("RGB", (24, 16)).save(path, pnginfo=info)
    assert refused(tmp_path).startswith(what)


def test_other_modes_are_refused(tmp_path, path):
    Image.new("RGBA", (24, 16)).save(path)
    assert refused(tmp_path) == "the picture is RGBA of 16x24, not RGB of 16x24"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("side", [10_000, 2_000_000_000])
def test_a_decompression_bomb_is_never_unpacked(tmp_path, path, side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    what = refused(tmp_path)
    assert "not RGB of 16x24" in what or "no PNG" in what


def test_a_text_bomb_is_never_unpacked(tmp_path, path):
    body = b"pytest-sdperf\0\0" + zlib.compress(b" " * 5_000_000, 9)
    header = struct.pack(">IIBBBBB", 24, 16, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"zTXt", body) + chunk(b"IEND", b""))
    refused(tmp_path)


def test_a_folder_in_the_files_place(tmp_path):
    reference_path(tmp_path, KEY).mkdir(parents=True)
    assert refused(tmp_path).startswith("reading failed: ")


def test_odd_schedulers_and_prompts_make_plain_names(tmp_path):
    odd = dataclasses.replace(KEY, scheduler="../../x y", prompt="../../etc/passwd", model_digest="")
    path = reference_path(tmp_path, odd)
    assert path.parent == tmp_path / "references" / "no-model"
    assert path.name.startswith("fp32-16x24-20steps-x-y-")
    assert "-none-" in dataclasses.replace(KEY, scheduler="").file_name


@pytest.mark.parametrize("digest", ["../../../../x", "/etc"])
def test_a_digest_that_climbs_is_refused(tmp_path, digest):
    with pytest.raises(BaselineError, match="cannot name a stored file"):
        load_reference(tmp_path, dataclasses.replace(KEY, model_digest=digest))


def test_keys_of_a_workload():
    workload = Workload(
        prompts=("a", "b"), num_inference_steps=4, sizes=((64, 64), (64, 128)), guidance_scale=7, seeds=(3,)
    )
    keys = reference_keys(workload, variant="fp32", model_digest="d", scheduler="S")
    assert list(keys) == ["64x64/0", "64x64/1", "64x128/0", "64x128/1"]
    assert keys["64x128/1"] == ReferenceKey("fp32", "d", "S", "b", 4, 7.0, 3, (64, 128))
    assert len({k.file_name for k in keys.values()}) == 4


def test_the_picture_is_a_plain_png(path):
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (24, 16))
