from __future__ import annotations

import pytest

from pytest_sdperf.hardware.machine import machine_key


@pytest.mark.parametrize(
    "changes, key",
    [
        ({}, "zen5-2cores-avx512_bf16"),
        ({"usable_cores": 1}, "zen5-1cores-avx512_bf16"),
        ({"microarchitecture": "sapphirerapids", "isa_tier": "amx", "usable_cores": 32}, "sapphirerapids-32cores-amx"),
        (
            {"microarchitecture": "neoverse_v1", "isa_tier": "base", "arch": "aarch64"},
            "neoverse_v1-2cores-base",
        ),
        ({"microarchitecture": "m2", "isa_tier": "base", "system": "Darwin"}, "m2-2cores-base-darwin"),
        ({"system": "Windows"}, "zen5-2cores-avx512_bf16-windows"),
        ({"microarchitecture": "../Odd Name/", "system": ""}, "odd_name-2cores-avx512_bf16-unknown"),
        ({"microarchitecture": ""}, "unknown-2cores-avx512_bf16"),
    ],
)
def test_keys_are_readable_folder_names(machine, changes, key):
    here = machine(**changes)
    assert machine_key(here) == key


def test_the_key_does_not_move_between_boots(machine):
    other = {"kernel": "6.9", "memory_bytes": 1, "cpu_model": "AMD EPYC @ 2.6 GHz", "flags": frozenset({"new"})}
    assert machine_key(machine()) == machine_key(machine(**other))
