"""Start the child that tries AMX for real, once a session, and read what it said."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_sdperf.hardware import amx_kernel

_PROBE_SECONDS = 120.0

Completed = subprocess.CompletedProcess[str]
Run = Callable[[Sequence[str], Mapping[str, str]], Completed]


@dataclass(frozen=True)
class Probe:
    """The answers of the child process that tried AMX, up to its end."""

    returncode: int
    facts: Mapping[str, object] = field(default_factory=dict)
    "`torch`, `tile`, `granted`, `product`, as far as it came"
    implementations: tuple[str, ...] = ()
    "oneDNN's implementations of the bf16 matmul, `brg_matmul:avx10_1_512_amx`"
    last_words: str = ""
    "last line on stderr"

    @property
    def ending(self) -> str:
        """How the child ended, as a verb: ``was killed by SIGILL``."""
        words = f" ({self.last_words})" if self.last_words else ""
        if self.returncode >= 0:
            return f"ended with exit code {self.returncode}{words}"
        try:
            name = signal.Signals(-self.returncode).name
        except ValueError:  # a real-time signal
            name = f"signal {-self.returncode}"
        return f"was killed by {name}{words}"


@functools.lru_cache(maxsize=1)
def probe_once() -> Probe:
    """The probe of this session: the child is started at most once."""
    return run_probe()


def run_probe(run: Run | None = None) -> Probe:
    """Start the child, in which a missing instruction may do its worst, and read what it said."""
    package_parent = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "ONEDNN_VERBOSE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package_parent), os.environ.get("PYTHONPATH")]))
    done = (run or _run)([sys.executable, "-m", amx_kernel.__name__], environment)
    facts: dict[str, object] = {}
    implementations: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith(amx_kernel.MARK):
            facts.update(json.loads(line[len(amx_kernel.MARK) :]))
        elif line.startswith("onednn_verbose") and "src:bf16" in line:
            # onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx512_core_bf16,undef,src:bf16…
            words = line.split(",")
            after = words[words.index("exec") + 1 :] if "exec" in words else []
            if len(after) > 2 and after[1] == "matmul" and after[2] not in implementations:
                implementations.append(after[2])
    errors = done.stderr.strip().splitlines()
    return Probe(done.returncode, facts, tuple(implementations), errors[-1] if errors else "")


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Completed:
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout or b""
        stdout = said if isinstance(said, str) else said.decode(errors="replace")
        return Completed(command, -int(signal.SIGTERM), stdout, f"no answer within {_PROBE_SECONDS:.0f} s")
