"""The workflows and the composite action, as GitHub reads them, and their scripts, as a runner starts them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "sdperf"


@pytest.fixture
def definition():
    """Read a workflow or an action."""
    return lambda path: yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def action_folder():
    return ACTION


@pytest.fixture
def script(tmp_path):
    """Run a script of the action in a folder; gives (exit code, outputs of the step, what it printed)."""
    if os.name != "posix" or shutil.which("bash") is None:
        pytest.skip("the action's scripts need bash")

    def script(name, cwd, **env):
        outputs = tmp_path / "outputs"
        outputs.write_text("")
        kept = {
            key: value for key, value in os.environ.items() if key in ("PATH", "HOME") or key.startswith("GIT_CONF")
        }
        done = subprocess.run(
            [ACTION / name],
            cwd=cwd,
            env={**kept, "GITHUB_OUTPUT": str(outputs), "RUNNER_TEMP": str(tmp_path), **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        given = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        return done.returncode, given, done.stdout + done.stderr

    return script
