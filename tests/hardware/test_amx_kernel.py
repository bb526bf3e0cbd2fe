from __future__ import annotations

import ctypes
import json
import sys
import types

import pytest

from pytest_sdperf.hardware import amx_kernel


class Ones:
    """A bf16 matrix of ones, by its extremes."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __matmul__(self, other: Ones) -> Ones:
        return Ones(self.value * other.value * amx_kernel.SIZE)

    def min(self) -> float:
        return self.value

    def max(self) -> float:
        return self.value


def fake_torch(**cpu: object) -> types.ModuleType:
    torch = types.ModuleType("torch")
    torch.__version__ = "2.8.0"
    torch.bfloat16 = "bfloat16"
    torch.cpu = types.SimpleNamespace(**cpu)
    torch.ones = lambda *shape, dtype: Ones(1.0)
    return torch


def facts(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(amx_kernel.MARK) for line in lines)
    return {key: value for line in lines for key, value in json.loads(line[len(amx_kernel.MARK) :]).items()}


@pytest.mark.parametrize("platform, granted", [("linux", {"granted": True}), ("win32", {})])
def test_everything_is_said(monkeypatch, capsys, platform, granted):
    monkeypatch.setitem(sys.modules, "torch", fake_torch(_is_amx_tile_supported=lambda: True))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(amx_kernel, "request_permission", lambda: True)
    amx_kernel.main()
    assert facts(capsys) == {"torch": "2.8.0", "tile": True, **granted, "product": [256.0, 256.0]}


def test_an_old_torch_has_no_view(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    monkeypatch.setattr(amx_kernel, "request_permission", lambda: False)
    amx_kernel.main()
    assert facts(capsys)["tile"] is None


def test_no_torch_is_said(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    amx_kernel.main()
    assert facts(capsys) == {"torch": None}


def test_a_torch_that_lacks_a_module_of_its_own_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("import sdperf_no_such_module")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="sdperf_no_such_module"):
        amx_kernel.main()


@pytest.mark.parametrize("answer, granted", [(0, True), (-1, False)])
def test_the_permission_is_asked_for_tile_data(monkeypatch, answer, granted):
    asked = []
    libc = types.SimpleNamespace(syscall=lambda *numbers: asked.append(numbers) or answer)
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: libc)
    assert amx_kernel.request_permission() is granted
    assert asked == [(158, 0x1023, 18)]
