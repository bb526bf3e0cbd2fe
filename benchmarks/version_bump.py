"""What does a version bump cost? One command in a repository whose branch pins a newer library than its main."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import machine

from pytest_sdperf.launch.host_lock import host_lock

PINNED = ("torch", "diffusers", "transformers", "accelerate", "optimum-intel", "openvino", "nncf")
"""Packages that the requirements name; all others follow from them."""

BUMPS = ("openvino=2026.3.1", "diffusers=0.38.0")
"""Versions that `main` pins, of packages that are newer here."""

_TEST = """

def test_{name}(sd_{name}):
    sd_{name}.check(num_inference_steps={steps})
"""


class Repository:
    """A repository whose `main` pins other versions than what is installed here; its branch pins that."""

    def __init__(self, folder: Path, bumps: dict[str, str], variants: Sequence[str], steps: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        tests = "".join(test_of(name, steps) for name in variants)
        (folder / "test_speed.py").write_text(tests.lstrip("\n"), encoding="utf-8")
        (folder / "requirements.txt").write_text(requirements(bumps), encoding="utf-8")
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("Pin what we ship")
        self._git("checkout", "--quiet", "-b", "bump")
        (folder / "requirements.txt").write_text(requirements({}), encoding="utf-8")
        self.commit(f"Bump {' and '.join(bumps)}")

    @property
    def diff(self) -> str:
        """The branch's change of the requirements: the lines that differ."""
        done = subprocess.run(
            ["git", "-C", str(self.folder), "diff", "--unified=0", "main", "--", "requirements.txt"],
            capture_output=True,
            text=True,
            check=True,
        )
        return "\n".join(line for line in done.stdout.splitlines() if re.match(r"[-+]\w", line))

    def commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=study", "-c", "user.email=study@example.org", "commit", "--quiet", "-m", message)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, env={**os.environ, "LC_ALL": "C"})


def test_of(variant: str, steps: int) -> str:
    """A test module that checks a built-in variant."""
    return _TEST.format(name=variant, steps=steps)


def requirements(bumps: dict[str, str]) -> str:
    """Pins of what is installed here, but for the versions in ``bumps``."""
    pins = {name: metadata.version(name) for name in PINNED} | bumps
    return "".join(f"{name}=={version}\n" for name, version in pins.items())


def run(repository: Repository, arguments: Sequence[str]) -> tuple[int, float, str]:
    """One pytest run -> (exit code, seconds, output)."""
    begin_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=repository.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, time.perf_counter() - begin_s, without_folders(done.stdout, repository.folder)


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [f"# {document.get('title', 'What a version bump costs')}", ""]
    lines += [*machine.render_header(document), ""]
    for run_ in document["runs"]:
        lines += [
            f"## {run_['bump']}",
            "",
            f"Exit code {run_['exit_code']} after {run_['wall_s']:.0f} s, load average before {run_['load_before']}.",
            *(("", "```diff", run_["diff"], "```") if run_["diff"] else ()),
            "",
            *("```console", f"$ {shlex.join(run_['command'])}", "```", ""),
            *("```text", run_["output"].strip(), "```", ""),
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--bump",
        action="append",
        help=f"PACKAGE=VERSION that main pins; once for each run (default: {', '.join(BUMPS)})",
    )
    parser.add_argument(
        "--variants", default="", help="built-in variants (default: openvino_static for OpenVINO, fp32 for others)"
    )
    parser.add_argument("--steps", type=int, default=10, help="denoising steps of the bundled model's pictures")
    parser.add_argument("--budget", default="10m", help="--sdperf-budget of each case")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    parser.add_argument("--name", default="version_bump", help="name of the result's files")
    arguments = parser.parse_args()
    document: dict[str, Any] = {"benchmark": "version_bump", "version": 1, "header": machine.header(), "runs": []}
    for bump in arguments.bump or BUMPS:
        package, _, version = bump.partition("=")
        variants = arguments.variants or ("openvino_static" if package == "openvino" else "fp32")
        command = ["pytest", "--sdperf", "--sdperf-against=main", "--sdperf-base-env=build"]
        command += [f"--sdperf-budget={arguments.budget}", "-p", "no:cacheprovider", "-p", "no:benchmark"]
        with host_lock(machine.tell):
            pass  # waiting for another session is no part of the time
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as scratch:
            repository = Repository(Path(scratch, "project"), {package: version}, variants.split(","), arguments.steps)
            code, wall_s, output = run(repository, command)
            document["runs"].append(
                {
                    "bump": f"{package} {version} -> {metadata.version(package)}",
                    "diff": repository.diff,
                    "command": command,
                    "exit_code": code,
                    "wall_s": round(wall_s, 1),
                    "load_before": round(load, 2),
                    "output": output,
                }
            )
        machine.tell(f"{bump}: exit code {code} after {wall_s:.0f} s")
        machine.write(document, render(document), arguments.name, Path(arguments.results))
    print(render(document))


def without_folders(output: str, folder: Path) -> str:
    """Without places of this machine, and without the line of dashes that pads it to the screen's width."""
    text = output.replace(str(folder), "project").replace(sys.prefix, "ENV")
    return re.sub(r"(?<=: )/\S+(?=/environments/)", "CACHE", text)


if __name__ == "__main__":
    main()
