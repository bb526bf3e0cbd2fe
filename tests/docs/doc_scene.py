"""Play a page from top to bottom in a project of its own: write its files, run its commands, compare its outputs."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import doc_reading
from doc_pages import ROOT, blocks, scene_of
from doc_reading import SHELL, read, same

import pytest_sdperf
from pytest_sdperf.hardware.requirements import parse
from pytest_sdperf.variants.registry import Registry

_OTHERS = ("--benchmark", "--html", "--self-contained-html", "--report-log", "-n ")
"""Options of other plugins, for which these are loaded, too."""


class Scene:
    """One page's project."""

    def __init__(self, folder, run_pytest):
        self.folder = folder
        self._run_pytest = run_pytest
        "called with arguments and whether to load other plugins; gives (exit code, output)"
        self._printed = ""
        "by the last block of commands"
        self.played = 0
        "blocks that were more than read"

    def play(self, page, *, needs=""):
        """Every block of a page that needs just this is dealt with; all others are only read."""
        if scene := scene_of(page):
            self._go_on_with(*scene)
        for block in blocks(page):
            read(block)
            if block.needs == needs:
                self._play(block)

    def _go_on_with(self, page, recorded):
        """The files of another page's project, in a repository."""
        for block in blocks(page):
            if "file" in block.said and not block.needs:
                self._write(block)
        if recorded:
            code, output = self._run_pytest(["--sdperf", "--sdperf-update=new"], others=False)
            assert code == 0, output
        self._bash("git init --quiet --initial-branch=main\ngit add .\ngit commit --quiet --message tour", self.folder)

    def _play(self, block):
        self.played += 1
        if "file" in block.said:
            self._write(block)
        elif "output" in block.said:
            missing = same(block.text, self._printed)
            assert not missing, (
                f"{block}: the line {missing!r} is not in what the commands before it print:\n{self._printed}"
            )
        elif block.language in SHELL:
            self._printed = self._run(block)
        elif block.language in ("python", "py"):
            declare(block)

    def _write(self, block):
        path = self.folder / block.said["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _run(self, block):
        printed = []
        commands = block.commands
        for number, command in enumerate(commands, 1):
            program, *arguments = shlex.split(command)
            if program == "pytest":
                code, output = self._run_pytest(arguments, others=any(option in command for option in _OTHERS))
            else:
                code, output = self._bash(command, block)
            wanted = int(block.said.get("exit", 0)) if number == len(commands) else 0
            assert code == wanted, f"{block}: `{command}` ends with {code}, not {wanted}:\n{output}"
            printed.append(output)
        return "\n".join(printed)

    def _bash(self, command, where):
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "PATH": f"{self._commands()}:{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        return done.returncode, done.stdout + done.stderr

    def _commands(self):
        """A folder with the commands that the package brings, run from where this package is."""
        folder = self.folder.parent / f"{self.folder.name}-bin"
        folder.mkdir(exist_ok=True)
        project = doc_reading.tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for name, entry in project.get("scripts", {}).items():
            module, function = entry.split(":")
            home = str(Path(pytest_sdperf.__file__).parents[1])
            path = folder / name
            path.write_text(
                f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {home!r})\nsys.argv[0] = {name!r}\n"
                f"from {module} import {function}\nsys.exit({function}())\n"
            )
            path.chmod(0o755)
        return folder


def declare(block):
    """Run a block of Python that is no file; the variants that it declares must be such."""
    names = {}
    exec(compile(block.text, str(block), "exec"), names)
    hook = names.get("pytest_sdperf_variants")
    if hook is not None:
        registry = Registry()
        for name in registry.add(hook(), origin=str(block)):
            for requirement in registry[name].requirements:
                parse(requirement)
