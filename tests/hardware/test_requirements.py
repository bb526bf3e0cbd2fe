from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.errors import CaseError, OptionError
from pytest_sdperf.hardware.requirements import (
    EXAMPLES,
    Requirement,
    Unmet,
    is_required,
    names_of,
    parse,
    validate_required,
)

KNOWN = (
    "`amx`, `isa:avx512_bf16|amx`, `cores:4`, `memory:16GiB`, `package:openvino>=2026`, `library:jemalloc`, `os:linux`"
)


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_every_example_is_understood(example):
    assert parse(example).text == example


@pytest.mark.parametrize(
    "text, understood",
    [
        (" amx ", Requirement("amx", "amx", ("amx",))),
        ("isa: avx512_bf16 | amx", Requirement("isa: avx512_bf16 | amx", "isa", ("avx512_bf16", "amx"))),
        ("cores:4", Requirement("cores:4", "cores", ("4",), 4)),
        ("memory:16GiB", Requirement("memory:16GiB", "memory", ("16GiB",), 16 * 1024**3)),
        ("package:openvino>=2026", Requirement("package:openvino>=2026", "package", ("openvino>=2026",))),
        ("library:/opt/x.so", Requirement("library:/opt/x.so", "library", ("/opt/x.so",))),
        ("os:linux|macos", Requirement("os:linux|macos", "os", ("linux", "macos"))),
    ],
)
def test_the_grammar(text, understood):
    assert parse(text) == understood


@pytest.mark.parametrize(
    "text, message",
    [
        ("axm", f"unknown requirement 'axm'. Did you mean `amx`? Known are: {KNOWN}."),
        ("", f"unknown requirement ''. Known are: {KNOWN}."),
        ("gpu:1", f"unknown requirement 'gpu:1'. Known are: {KNOWN}."),
        ("amx:2", "requirement 'amx:2' has a value. Write just `amx`."),
        ("isa", "requirement 'isa' has no value. Write it like `isa:avx512_bf16|amx`."),
        ("cores: ", "requirement 'cores: ' has no value. Write it like `cores:4`."),
        ("cores:0", "requirement 'cores:0': '0' is not a count. Write it like `cores:4`."),
        ("cores:two", "requirement 'cores:two': 'two' is not a quantity. Write it like `cores:4`."),
        ("memory:16", "requirement 'memory:16': '16' has no unit. Write it like `memory:16GiB`."),
        (
            "isa:avx512bf16",
            (
                "requirement 'isa:avx512bf16': unknown isa 'avx512bf16'. Did you mean `avx512_bf16`? Known are: "
                "`amx`, `amx_int8`, `avx512_bf16`, `avx512_vnni`, `avx512`, `avx512f`, `avx2`."
            ),
        ),
        (
            "isa:amx|",
            (
                "requirement 'isa:amx|': unknown isa ''. Known are: "
                "`amx`, `amx_int8`, `avx512_bf16`, `avx512_vnni`, `avx512`, `avx512f`, `avx2`."
            ),
        ),
        (
            "library:jemaloc",
            (
                "requirement 'library:jemaloc': unknown library 'jemaloc'. Did you mean `jemalloc`? Known are: "
                "`jemalloc`, `libiomp5`."
            ),
        ),
        ("os:bsd", "requirement 'os:bsd': unknown os 'bsd'. Known are: `linux`, `macos`, `windows`."),
        (
            "package:openvino[x]>=2026",
            (
                "requirement 'package:openvino[x]>=2026' is more than a name and versions. "
                "Write it like `package:openvino>=2026`."
            ),
        ),
        (
            "package:a @ https://example.org/a.whl",
            (
                "requirement 'package:a @ https://example.org/a.whl' is more than a name and versions. "
                "Write it like `package:openvino>=2026`."
            ),
        ),
    ],
)
def test_bad_requirements_name_value_and_cure(text, message):
    with pytest.raises(CaseError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["openvino=>2026", ">=2026", "open vino"])
def test_bad_package_specifiers(value):
    with pytest.raises(CaseError, match=r"is not a package specifier: .+ Write it like `package:openvino>=2026`"):
        parse(f"package:{value}")


@given(st.text())
def test_any_text_is_understood_or_refused(text):
    try:
        parsed = parse(text)
    except CaseError:
        return
    assert parsed.kind in EXAMPLES
    assert parsed.alternatives


KNOWN_NAMES = (
    "all, amx, amx_int8, avx2, avx512, avx512_bf16, avx512_vnni, avx512f, cores, diffusers, "
    "intel-extension-for-pytorch, isa, jemalloc, libiomp5, library, linux, macos, memory, openvino, optimum-intel, "
    "os, package, torch, windows"
)


def unmet(requirement: str) -> Unmet:
    return Unmet(requirement, "a layer", "refuses", "Fix it.")


@pytest.mark.parametrize(
    "requirement, names",
    [
        ("amx", {"amx", "isa", "isa:amx"}),
        ("isa:avx512_bf16|amx", {"isa:avx512_bf16|amx", "isa", "avx512_bf16", "amx", "isa:avx512_bf16", "isa:amx"}),
        ("cores:4", {"cores:4", "cores"}),
        ("memory:16GiB", {"memory:16GiB", "memory"}),
        (
            "package:Optimum_Intel>=2.2",
            {
                "package:Optimum_Intel>=2.2",
                "package",
                "Optimum_Intel>=2.2",
                "optimum-intel",
                "package:optimum-intel",
            },
        ),
        ("library:jemalloc", {"library:jemalloc", "library", "jemalloc"}),
        ("os:linux", {"os:linux", "os", "linux"}),
    ],
)
def test_names_of_a_requirement(requirement, names):
    assert names_of(requirement) == names


@pytest.mark.parametrize(
    "names, required",
    [
        (("all",), True),
        (("amx",), True),
        (("isa",), True),
        (("avx512_bf16",), True),
        (("isa:avx512_bf16|amx",), True),
        (("cores", "isa:amx"), True),
        (("avx512_vnni",), False),
        (("cores", "memory", "package", "library", "os"), False),
        ((), False),
    ],
)
def test_alternatives_are_required_by_each_of_their_names(names, required):
    assert is_required(unmet("isa:avx512_bf16|amx"), names) is required


@pytest.mark.parametrize(
    "name", ["openvino", "OpenVINO", "package:OpenVINO", "package", " openvino ", "package:openvino>=2026"]
)
def test_packages_are_required_whatever_their_version(name):
    assert is_required(unmet("package:openvino>=2026"), [name])


def test_another_amount_is_another_requirement():
    assert is_required(unmet("cores:4"), ["cores:4"])
    assert not is_required(unmet("cores:4"), ["cores:8"])


@pytest.mark.parametrize("name", [*KNOWN_NAMES.split(", "), *EXAMPLES.values(), "Optimum_Intel", "package:anything"])
def test_known_names_are_accepted(name):
    assert validate_required([name, name]) == (name,)


def test_packages_of_declared_requirements_are_known():
    with pytest.raises(OptionError, match="'nncf' is not a valid requirement"):
        validate_required(["nncf"])
    assert validate_required(["nncf"], declared=["package:nncf>=3"]) == ("nncf",)


@pytest.mark.parametrize(
    "name, message",
    [
        (
            "amxx",
            f"'amxx' is not a valid requirement [--sdperf-require]. Did you mean 'amx'? Known are: {KNOWN_NAMES}.",
        ),
        ("gpu", f"'gpu' is not a valid requirement [--sdperf-require]. Known are: {KNOWN_NAMES}."),
        (
            "cores:none",
            "requirement 'cores:none': 'none' is not a quantity [--sdperf-require]. Write it like `cores:4`.",
        ),
    ],
)
def test_unknown_names_would_never_fail_a_test_and_are_refused(name, message):
    with pytest.raises(OptionError) as caught:
        validate_required(["amx", name])
    assert str(caught.value) == message
