from __future__ import annotations

import pytest

from pytest_sdperf.hardware import amx
from pytest_sdperf.hardware.amx_probe import run_probe
from pytest_sdperf.hardware.detection import detect

pytestmark = pytest.mark.full


def test_the_child_runs_a_real_matmul_and_its_kernel_agrees_with_the_flags(monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    tried = run_probe()
    assert tried.returncode == 0, tried
    assert tried.facts["product"] == [256.0, 256.0]
    machine = detect()
    assert tried.facts["tile"] is (machine.isa_tier == "amx")
    shown = {"amx": "_amx", "avx512_bf16": "avx512_core_bf16"}.get(machine.isa_tier, "")
    assert all(shown in implementation for implementation in tried.implementations)
    assert amx.library_layer(tried).held is tried.facts["tile"]


def test_a_lowered_instruction_set_is_seen_in_the_kernel(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")
    tried = run_probe()
    assert tried.facts["product"] == [256.0, 256.0]
    assert not any("avx512_core_bf16" in name or "_amx" in name for name in tried.implementations)
    layer = amx.kernel_layer(tried)
    assert layer.held is False
    assert layer.cure.startswith("Look for ONEDNN_MAX_CPU_ISA")
