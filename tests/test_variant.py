import dataclasses
from enum import IntEnum

import numpy as np
import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.errors import CaseError
from pytest_sdperf.variant import Case, Launch, Variant
from pytest_sdperf.workload import Workload

PLAIN = Variant("ship", "harbour:build")


@pytest.mark.parametrize("name", ["Ship", "1ship", "", "a-b", "shíp", "a b"])
def test_names_that_make_no_fixture(name):
    with pytest.raises(CaseError) as raised:
        Variant(name, "harbour:build")
    assert str(raised.value) == (
        f"variant name {name!r} is not usable in a fixture's name. "
        "Use lower-case letters, digits and underscores, beginning with a letter."
    )


def test_precisions_that_nobody_knows():
    with pytest.raises(CaseError) as raised:
        dataclasses.replace(PLAIN, precision="fp8")
    assert str(raised.value) == (
        "precision 'fp8' of variant 'ship' is not known. Use one of: f32, bf16, int8_weights, int8."
    )


@pytest.mark.parametrize(
    ("precision", "claimed", "counts"),
    [
        ("", (), "bf16"),
        ("", ("f32",), "f32"),
        ("", ("i8",), "bf16"),
        ("", ("auto", "f32"), "f32"),
        ("int8", ("f32",), "int8"),
    ],
)
def test_the_precision_whose_limits_count(precision, claimed, counts):
    claims = tuple(Claim("kernel_precision", want) for want in claimed)
    assert dataclasses.replace(PLAIN, precision=precision, claims=claims).picture_precision == counts


@pytest.mark.parametrize("factory", ["harbour", "", "harbour:", ":build", "har bour:build", "harbour:build()"])
def test_factories_that_cannot_be_imported(factory):
    with pytest.raises(CaseError, match=r"factory .* of variant 'ship' cannot be imported"):
        Variant("ship", factory)


def test_prepare_may_be_left_out_and_is_checked_like_the_factory():
    assert PLAIN.prepare == ""
    with pytest.raises(CaseError, match="prepare 'export' of variant 'ship' cannot be imported. Write it as"):
        dataclasses.replace(PLAIN, prepare="export")


def test_auto_becomes_the_machines_best():
    variant = dataclasses.replace(
        PLAIN,
        params={"precision": "auto", "other": "auto", "threads": 2},
        claims=(Claim("kernel_precision", "auto"), Claim("kernel_isa", "auto", 0.9), Claim("allocator", "auto")),
    )
    here = variant.on(precision="bf16", isa="amx")
    assert here.params == {"precision": "bf16", "other": "auto", "threads": 2}
    assert [str(c) for c in here.claims] == [
        "kernel_precision(bf16)",
        "kernel_isa(amx, at least 90 %)",
        "allocator(auto)",
    ]
    assert here.claims[1].at_least == 0.9


def test_f32_kernels_claim_no_instruction_set_of_their_own():
    variant = dataclasses.replace(PLAIN, claims=(Claim("kernel_isa", "auto"), Claim("kernel_isa", "avx2")))
    assert [str(c) for c in variant.on(precision="f32", isa="avx2").claims] == ["kernel_isa(avx2)"]
    assert len(variant.on(precision="bf16", isa="amx").claims) == 2


@pytest.mark.parametrize(
    ("workload", "model", "expected"),
    [
        (Workload(), "synthetic:tiny", "ship-synthetic-tiny-64x64-20steps"),
        (Workload(sizes=((512, 512), (512, 768)), num_inference_steps=4), "org/model", "ship-org--model-512x512+512x768-4steps"),
        (Workload(), "/home/me/ my model!", "ship-my-model_1b8b383a-64x64-20steps"),
    ],
)  # fmt: skip
def test_an_id_says_what_is_measured(workload, model, expected):
    assert Case(PLAIN, workload, model).id == expected


def test_an_id_tells_workloads_apart():
    others = [
        Workload(prompts=("a",)),
        Workload(prompts=("a", "b")),
        Workload(seeds=(1,)),
        Workload(guidance_scale=1.0),
    ]
    ids = {Case(PLAIN, w, "m").id for w in [Workload(), *others]}
    assert len(ids) == 5
    assert all(i.startswith("ship-m-64x64-20steps") for i in ids)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"env": {"": "1"}},
            "Launch.env: '' is not the name of a variable. Write a name without `=`: {'NAME': 'value'}.",
        ),
        ({"env": {"A=B": "1"}}, "Launch.env: 'A=B' is not the name of a variable. "),
        ({"env": {1: "1"}}, "Launch.env: the name 1 is not a text. Write it as a text, in quotes."),
        (
            {"env": {"OMP_NUM_THREADS": 2}},
            "Launch.env: OMP_NUM_THREADS=2 is not a text. Write it as a text, in quotes.",
        ),
        ({"preload": (None,)}, "Launch.preload: None is not a text. "),
    ],
)
def test_what_cannot_be_a_process_s_setting(settings, message):
    with pytest.raises(CaseError) as raised:
        Launch(**settings)
    assert str(raised.value).startswith(message)


def test_a_broken_character_in_a_setting_is_refused():
    with pytest.raises(CaseError, match=r"Launch.env: A='a\\udcff' .*Write a text of whole characters"):
        Launch(env={"A": "a\udcff"})


@pytest.mark.parametrize(
    ("given", "kind"), [(np.float64(0.5), float), (np.str_("a"), str), (True, bool), (IntEnum("Size", "S").S, int)]
)
def test_parameters_are_of_pythons_own_types(given, kind):
    """As JSON hands them on."""
    [value] = Variant("ship", "harbour:build", params={"a": given}).params.values()
    assert type(value) is kind
    assert value == given
