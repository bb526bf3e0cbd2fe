import dataclasses
import types

import pytest

from pytest_sdperf.base.declaration import Declaration, decode, encode, same_declaration
from pytest_sdperf.claims import Claim
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.variant import Launch, Variant

SHIP = Variant(
    "ship",
    "harbour:build",
    launch=Launch(env={"SAILS": "3"}, preload=("jemalloc",), pin=True),
    claims=(Claim("fact", "paint=numpy", at_least=0.5),),
    params={"a": 1, "b": 1.0, "c": True, "d": "x"},
    reference=None,
    thresholds={"min_psnr": "30dB", "min_ssim": 0.9},
)


def test_what_is_written_is_read_back():
    read = decode(encode(Declaration((SHIP, Variant("boat", "harbour:build")), {"a": "/a.py"})))
    assert read == Declaration((SHIP, Variant("boat", "harbour:build")), {"a": "/a.py"})
    assert [type(value) for value in read.variants[0].params.values()] == [int, float, bool, str]
    assert read.get("ship") == SHIP
    assert read.get("raft") is None


def test_the_folders_of_a_tree_are_kept_and_are_no_difference():
    here, there = (dataclasses.replace(SHIP, import_path=(folder,)) for folder in ("/here", "/there"))
    (read,) = decode(encode(Declaration((there,), {}))).variants
    assert read.import_path == ("/there",)
    assert same_declaration(here, read)


def test_a_read_only_view_is_written():
    view = types.MappingProxyType({"a": 1})
    assert decode(encode(Declaration((Variant("ship", "harbour:build", params=view),), {}))).variants[0].params == {
        "a": 1
    }


def test_what_json_cannot_say():
    with pytest.raises(TypeError, match="^<object .* of type object cannot be written as JSON$"):
        encode(Declaration((Variant("ship", "harbour:build", thresholds={"a": object()}),), {}))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "Input data was truncated"),
        (b'{"variants": [], "files": {}, "more": 1}', "Object contains unknown field `more`"),
        (
            b'{"variants": [{"name": "ship"}], "files": {}}',
            "Object missing required field `factory` - at `$.variants[0]`",
        ),
        (b'{"variants": [{"name": "Ship", "factory": "a:b"}], "files": {}}', "variant name 'Ship' is not usable in a"),
        (b'{"variants": [{"name": "ship", "factory": "a:b", "pin": "\xff"}]}', "Invalid UTF-8"),
    ],
)
def test_anything_else_is_refused(data, why):
    with pytest.raises(ComparisonError) as caught:
        decode(data)
    assert str(caught.value).startswith("the declared variants cannot be read (")
    assert why in str(caught.value) or why == "Invalid UTF-8"
    assert str(caught.value).endswith("). Measure with the same version of pytest-sdperf in both trees.")


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"thresholds": {}, "summary": "x", "claims": (), "requirements": ("linux",), "reference": "fp32"}, True),
        ({"params": {"d": "x", "c": True, "b": 1.0, "a": 1}}, True),
        ({"params": {"a": 2}}, False),
        ({"launch": Launch(pin=True)}, False),
        ({"factory": "harbour:other"}, False),
        ({"prepare": "harbour:other"}, False),
        ({"scheduler": "DDIMScheduler"}, False),
    ],
)
def test_what_runs_alike(changed, same):
    import dataclasses

    assert same_declaration(SHIP, dataclasses.replace(SHIP, **changed)) == same
