"""Check a block without running it: it parses, and every option in it exists."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys

import yaml

from pytest_sdperf.options import resolve
from pytest_sdperf.options.specs import SPECS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FLAGS = {spec.flag: spec for spec in SPECS if spec.on_command_line}
INI_KEYS = {spec.ini_key: spec for spec in SPECS if spec.on_command_line}

OUTPUT = ("text", "")
SHELL = ("console", "bash", "sh", "shell")


def read(block):
    """Parse a block as its language; fails where it is none of that language, or has an option that is none."""
    if block.language in SHELL:
        bash = subprocess.run(
            ["bash", "-n"], input="\n".join(block.commands), capture_output=True, text=True, check=False
        )
        assert bash.returncode == 0, f"{block}: {bash.stderr}"
        for command in block.commands:
            check_options(command, block)
    elif block.language in ("python", "py"):
        compile(block.text, str(block), "exec")
    elif block.language == "ini":
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(block.text, str(block))
        check_ini(
            {key: value for name in ("pytest", "tool:pytest") if name in parser for key, value in parser[name].items()}
        )
    elif block.language == "toml":
        tool = tomllib.loads(block.text).get("tool", {})
        check_ini(tool.get("pytest", {}).get("ini_options", {}))
    elif block.language in ("yaml", "yml"):
        check_workflow(block)
    elif block.language == "json":
        json.loads(block.text)
    elif block.needs != "ci":
        known = block.language in ("diff", *OUTPUT) and {"output", "recorded", "drawing", "file"} & block.said.keys()
        assert known, f"{block}: a block of {block.language or 'no language'} that is neither output nor a file"


def check_options(command, where):
    """Every `--sdperf…` of a command is an option, and its value one that it takes."""
    check_words(shlex.split(command, comments=True), where)


def check_words(words, where):
    said = {}
    for word in words:
        flag, equals, value = word.partition("=")
        if flag.startswith("--sdperf"):
            assert flag in FLAGS, f"{where}: there is no option {flag}"
            spec = FLAGS[flag]
            assert spec.is_flag or equals, f"{where}: {flag} takes a value, written {flag}={spec.metavar}"
            said[spec.name] = value if equals else True
    resolve(command_line=said, ini={})


def check_ini(keys):
    ours = {key: value for key, value in keys.items() if key.startswith("sdperf")}
    assert ours.keys() <= INI_KEYS.keys(), f"no ini keys: {ours.keys() - INI_KEYS.keys()}"
    resolve(command_line={}, ini={INI_KEYS[key].name: str(value) for key, value in ours.items()})


def check_workflow(block):
    """YAML, with the commands of its steps, on whatever service it is for; GitHub's with actionlint, where that is."""
    loaded = yaml.safe_load(block.text)
    for script in _runs(loaded):
        # Scripts of a service are not split as a shell does it: they hold its own expressions.
        words = re.findall(r"(?<![\w-])--sdperf[\w-]*(?:=[^\s\"']*)?", re.sub(r"\$\{\{.*?\}\}", "x", script))
        check_words([re.sub(r"\$\{?\w+\}?", "x", word) for word in words], block)
    if isinstance(loaded, dict) and "jobs" in loaded and (actionlint := shutil.which("actionlint")):
        done = subprocess.run([actionlint, "-"], input=block.text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}: {done.stdout}"


def _runs(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "sh"):
                yield from [value] if isinstance(value, str) else (line for line in value if isinstance(line, str))
            else:
                yield from _runs(value)
    elif isinstance(node, list):
        for part in node:
            yield from _runs(part)


def flags_in(text):
    """Every option of ours that prose or code names."""
    return set(re.findall(r"(?<![\w-])--sdperf(?:-[a-z]+)*(?![\w-])", text))


def same(pattern, seen):
    """Where the lines of an excerpt are not found, in this order, in what was printed; empty where they are."""
    rest = iter([plain(line) for line in seen.splitlines()])
    for line in pattern.splitlines():
        wanted = plain(line)
        if wanted not in ("", "…") and not any(_agrees(wanted, found) for found in rest):
            return line
    return ""


def _agrees(wanted, found):
    """A line that ends in … agrees with every line that begins so."""
    return found.startswith(wanted[:-1].rstrip()) if wanted.endswith("…") else found == wanted


_MACHINE = re.compile(r"\b[a-z]\w*-\d+cores?-\w+")
_HASH = re.compile(r"\b[0-9a-f]{7,40}\b")
_NUMBER = re.compile(r"[-+±]?\d[\d.]*(?: ?(?:ns|us|ms|s|min|%|B|[KMG]iB|dB|x)(?!\w))?")


def plain(line):
    """A line without what differs from run to run and from machine to machine."""
    line = re.sub(r"\x1b\[[\d;]*m", "", line)
    line = _MACHINE.sub("MACHINE", line)
    line = _HASH.sub("HASH", line)
    line = _NUMBER.sub("N", line)
    line = re.sub(r"([=═─-])\1{2,}", r"\1", line)
    return " ".join(line.split())
