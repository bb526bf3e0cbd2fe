from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_sdperf.hardware import amx_probe
from pytest_sdperf.hardware.amx_probe import Probe, run_probe

SAID = """\
sdperf_amx {"torch": "2.8.0"}
sdperf_amx {"tile": true}
onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with Intel AMX
onednn_verbose,v1,primitive,create:cache_miss,cpu,matmul,brg_matmul:created,undef,src:bf16::blocked:ab
onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src:bf16::blocked:ab
onednn_verbose,v1,primitive,exec,cpu,matmul,jit:f32,undef,src:f32::blocked:ab
onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx10_1_512_amx,undef,src:bf16::blocked:ab,,,,256x256,0.1
onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx10_1_512_amx,undef,src:bf16::blocked:ab,,,,256x256,0.1
onednn_verbose,v1,primitive,exec src:bf16
somebody prints src:bf16
sdperf_amx {"product": [256.0, 256.0]}
"""


def test_what_the_child_said_is_read(monkeypatch):
    seen = {}

    def run(command, environment):
        seen.update(command=command, environment=environment)
        return subprocess.CompletedProcess(command, 0, SAID, "first\nlast\n")

    monkeypatch.setenv("PYTHONPATH", "theirs")
    assert run_probe(run) == Probe(
        0, {"torch": "2.8.0", "tile": True, "product": [256.0, 256.0]}, ("brg_matmul:avx10_1_512_amx",), "last"
    )
    assert list(seen["command"]) == [sys.executable, "-m", "pytest_sdperf.hardware.amx_kernel"]
    assert seen["environment"]["ONEDNN_VERBOSE"] == "1"
    assert seen["environment"]["PYTHONPATH"].endswith("theirs")


def test_what_was_said_before_a_signal_is_kept():
    died = subprocess.CompletedProcess([], -4, 'sdperf_amx {"torch": "2.8.0"}\n', "")
    assert run_probe(lambda command, environment: died) == Probe(-4, {"torch": "2.8.0"})


@pytest.mark.parametrize(
    "returncode, words, ending",
    [
        (-4, "", "was killed by SIGILL"),
        (-15, "no answer within 120 s", "was killed by SIGTERM (no answer within 120 s)"),
        (-99, "", "was killed by signal 99"),
        (1, "ImportError: no", "ended with exit code 1 (ImportError: no)"),
    ],
)
def test_endings_in_words(returncode, words, ending):
    assert Probe(returncode, last_words=words).ending == ending


def test_the_child_is_started_once_a_session(monkeypatch):
    started = []
    monkeypatch.setattr(amx_probe, "run_probe", lambda: started.append(1) or Probe(0))
    amx_probe.probe_once.cache_clear()
    assert amx_probe.probe_once() is amx_probe.probe_once()
    amx_probe.probe_once.cache_clear()
    assert started == [1]


def test_a_real_child_is_run():
    done = amx_probe._run([sys.executable, "-c", "print('hello')"], os.environ)
    assert (done.returncode, done.stdout.strip()) == (0, "hello")


@pytest.mark.parametrize("said", [None, b"sdperf_amx {}\n", "sdperf_amx {}\n"])
def test_a_child_that_hangs_is_given_up(monkeypatch, said):
    def expire(command, **kwargs):
        raise subprocess.TimeoutExpired(command, kwargs["timeout"], output=said)

    monkeypatch.setattr(subprocess, "run", expire)
    done = amx_probe._run(["x"], {})
    assert (done.returncode, done.stderr) == (-15, "no answer within 120 s")
    assert done.stdout == ("sdperf_amx {}\n" if said else "")
