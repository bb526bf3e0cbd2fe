from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2]

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import pkgutil, pytest_sdperf.hardware as hardware
for module in pkgutil.iter_modules(hardware.__path__):
    __import__(f"{hardware.__name__}.{module.name}")
print(sorted({"psutil", "archspec", "numpy", "torch", "packaging", "pytest"} & set(sys.modules)))
"""


def test_importing_every_hardware_module_brings_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(PACKAGE)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
