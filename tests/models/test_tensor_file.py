from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.tensor_file import read_tensors


@pytest.fixture
def file(tmp_path):
    return tmp_path / "x.safetensors"


def test_reads_places(file, pack):
    file.write_bytes(pack({"a": [1.0, 2.0], "b": [3.0]}))
    first, second = read_tensors(file)
    assert (first.name, first.dtype, first.shape, first.size) == ("a", "F32", (2,), 8)
    content = file.read_bytes()
    assert struct.unpack("<f", content[second.offset : second.offset + second.size]) == (3.0,)


def test_scalars_and_empty_tensors(file):
    header = {
        "scalar": {"dtype": "BF16", "shape": [], "data_offsets": [0, 2]},
        "empty": {"dtype": "F32", "shape": [0, 3], "data_offsets": [2, 2]},
    }
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + b"\0\0")
    assert [t.size for t in read_tensors(file)] == [2, 0]


def test_a_file_that_cannot_be_read(file):
    file.mkdir()
    with pytest.raises(ModelError, match=r"x\.safetensors cannot be read: Is a directory\. Give it permission\."):
        read_tensors(file)


@pytest.mark.parametrize("content", [b"", b"abc", struct.pack("<Q", 0), struct.pack("<Q", 3) + b"{}", b"\xff" * 20])
def test_no_header(file, content):
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"it has no safetensors header\. Download or save the model again"):
        read_tensors(file)


@pytest.mark.parametrize("text", [b"{]", b"[]", b'{"a":1}', b'{"a":{"dtype":"F32"}}', b'{"\xff":1}'])
def test_unreadable_header(file, text):
    file.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelError, match="its header cannot be read"):
        read_tensors(file)


def test_cut_off_by_one_byte(file, pack):
    whole = pack({"a": [1.0, 2.0]})
    file.write_bytes(whole)
    read_tensors(file)
    file.write_bytes(whole[:-1])
    with pytest.raises(ModelError, match=rf"it is cut off: {len(whole) - 1} bytes, tensor 'a' ends at {len(whole)}"):
        read_tensors(file)


def test_unknown_type(file, pack):
    file.write_bytes(pack({"a": [1.0]}, dtype="X32"))
    with pytest.raises(ModelError, match="tensor 'a' has the unknown type 'X32'"):
        read_tensors(file)


@pytest.mark.parametrize(
    "changes", [{"shape": [2]}, {"shape": [-1]}, {"data_offsets": [-4, 0]}, {"data_offsets": [4, 0]}]
)
def test_sizes_that_cannot_be(file, pack, changes):
    file.write_bytes(pack({"a": [1.0]}, **changes))
    with pytest.raises(ModelError, match="tensor 'a' does not have the size that its shape needs"):
        read_tensors(file)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise_anything_else(tmp_path_factory, content, with_length):
    file = tmp_path_factory.getbasetemp() / "any.safetensors"
    file.write_bytes(struct.pack("<Q", len(content)) + content if with_length else content)
    try:
        read_tensors(file)
    except ModelError as error:
        assert str(file) in str(error)  # noqa: PT017 - both outcomes are right
