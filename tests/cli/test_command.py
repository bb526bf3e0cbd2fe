"""The outermost group: help, unknown names, errors, interruptions, pipes, completion."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pytest_sdperf import __version__
from pytest_sdperf.cli import command, compare
from pytest_sdperf.cli.command import sdperf
from pytest_sdperf.errors import ReportError

ROOT = Path(__file__).parents[2]
PYTHONPATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def commands(group=sdperf, path=()):
    """Every command and its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


COMMANDS = dict(commands())


def test_what_there_is():
    assert [" ".join(words) for words in COMMANDS] == [
        "doctor", "variants", "baselines", "baselines list", "baselines show", "baselines diff", "baselines prune",
        "baselines verify", "compare", "report",
    ]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_examples(run, words):
    text = run(*words, "--help").output
    assert "Examples:\n" in text
    assert f"  sdperf {' '.join(words)}" in text
    assert COMMANDS[words].short_help
    assert max(map(len, text.splitlines())) <= 100


def test_help_tells_the_exit_codes_and_completion(run):
    text = run("-h").output
    assert "0    all is well" in text
    assert "130  interrupted" in text
    assert "_SDPERF_COMPLETE=bash_source" in text


def test_the_version(run):
    assert run("--version").output == f"sdperf, version {__version__}\n"


def test_an_unknown_command_is_told_with_the_closest(run):
    result = run("doctr", code=2)
    assert "Error: no command 'doctr'. Did you mean 'doctor'? Known: doctor, variants" in result.stderr
    assert "no command 'xx\\x1b'. Known: list" in run("baselines", "xx\x1b", code=2).stderr


def test_an_unknown_option(run):
    assert "No such option" in run("doctor", "--fast", code=2).stderr


def test_an_error_is_one_plain_line_on_stderr(run, monkeypatch):
    def fail(_):
        raise ReportError("bad \x1b[31m name\nof two lines", where="here", cure="Fix it.")

    monkeypatch.setattr(compare, "read_report", fail)
    result = run("compare", "a", "b", code=2)
    assert result.stderr == "Error: bad \\x1b[31m name\\nof two lines [here]. Fix it.\n"
    assert result.stdout == ""


def test_ctrl_c_is_quiet(run, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "read_report", interrupt)
    assert run("compare", "a", "b", code=command.INTERRUPTED).output == ""


def start(*arguments, **more):
    env = {**os.environ, "PYTHONPATH": PYTHONPATH, **more.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_sdperf", *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **more,
    )  # fmt: skip


def test_as_a_module_with_a_pipe_that_nobody_reads(tmp_path):
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONPATH": PYTHONPATH}
    done = subprocess.run(
        [sys.executable, "-m", "pytest_sdperf", "--help"], env=env, stdout=write, stderr=subprocess.PIPE, text=True,
        check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_real_ctrl_c(tmp_path, default_sigint):
    with start("report", "-", stdin=subprocess.PIPE, cwd=tmp_path, preexec_fn=default_sigint) as process:
        process.stdin.write("{")  # it waits for the rest
        process.stdin.flush()
        # Sent again until it is there: a process that has not yet begun to run Python ends by the signal itself.
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
        assert process.returncode in (command.INTERRUPTED, -signal.SIGINT)


def test_the_shell_is_given_the_commands_to_complete(tmp_path):
    env = {"_SDPERF_COMPLETE": "bash_complete", "COMP_WORDS": "sdperf base", "COMP_CWORD": "1"}
    with start(cwd=tmp_path, env=env) as process:
        out, err = process.communicate(timeout=60)
    assert out == "plain,baselines\n", err


def test_output_without_unicode(tmp_path):
    with start("report", "--help", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"}) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.isascii()
