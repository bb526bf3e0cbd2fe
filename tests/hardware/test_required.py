from __future__ import annotations

import pytest

from pytest_sdperf.errors import OptionError
from pytest_sdperf.hardware.required import is_required, names_of, validate_required
from pytest_sdperf.hardware.requirements import EXAMPLES, Unmet

KNOWN = (
    "all, amx, amx_int8, avx2, avx512, avx512_bf16, avx512_vnni, avx512f, cores, diffusers, "
    "intel-extension-for-pytorch, isa, jemalloc, libiomp5, library, linux, macos, memory, openvino, optimum-intel, "
    "os, package, torch, windows"
)


def unmet(requirement: str) -> Unmet:
    return Unmet(requirement, "a layer", "refuses", "Mend it.")


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


@pytest.mark.parametrize("name", [*KNOWN.split(", "), *EXAMPLES.values(), "Optimum_Intel", "package:anything"])
def test_known_names_are_accepted(name):
    assert validate_required([name, name]) == (name,)


def test_packages_of_declared_requirements_are_known():
    with pytest.raises(OptionError, match="'nncf' is no requirement"):
        validate_required(["nncf"])
    assert validate_required(["nncf"], declared=["package:nncf>=3"]) == ("nncf",)


@pytest.mark.parametrize(
    "name, message",
    [
        ("amxx", f"'amxx' is no requirement [--sdperf-require]. Did you mean 'amx'? Known are: {KNOWN}."),
        ("gpu", f"'gpu' is no requirement [--sdperf-require]. Known are: {KNOWN}."),
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
