"""Sentences of errors put commands of a CI and escape sequences into the log: every text from outside is only text."""

import os
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")

NASTY = "a\\n::error file=x::pwned\\n  ::warning::z\\r##[group]y\\n##vso[task.complete]\\x1b[31m\\u202e"
"""As it is written in Python's source."""

CONFTEST = """
import pytest
from pytest_sdperf import Launch, SdperfError, Variant

NASTY = "{nasty}"

def pytest_sdperf_variants():
    own = dict(needs_model=False, reference=None)
    return [
        Variant("ship", "harbour:build", **own),
        Variant("ours", "nasty:ours", **own),
        Variant("theirs", "nasty:theirs", **own),
        Variant("killed", "nasty:killed", **own),
        Variant("drawing", "nasty:drawing", **own),
        Variant("preload", "harbour:build", launch=Launch(preload=("/nosuch" + NASTY,)), **own),
        Variant("library", "harbour:build", requirements=("library:/nosuch" + NASTY,), **own),
        Variant("package", "harbour:build", requirements=("package:nosuch" + NASTY,), **own),
    ]
"""

FACTORIES = """
import os, signal
from pytest_sdperf import SdperfError

NASTY = "{nasty}"

def ours(context):
    raise SdperfError(NASTY, cure=NASTY, where=NASTY)

def theirs(context):
    raise ValueError(NASTY)

def killed(context):
    print(NASTY, flush=True)
    os.kill(os.getpid(), signal.SIGABRT)

def drawing(context):
    def draw(**keywords):
        raise RuntimeError(NASTY)
    return draw
"""


def assert_only_text(result, *, is_shown=True):
    """No line of the log commands anything, and the terminal sees no escape sequence."""
    output = result.stdout.str() + "\n" + result.stderr.str()
    lines = output.splitlines()
    assert [line for line in lines if line.lstrip(" E>").startswith("::")] == []
    assert "##[" not in output
    assert "##vso[" not in output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "pwned" in output or not is_shown


@pytest.fixture
def nasty(project):
    (project.path / "conftest.py").write_text(CONFTEST.format(nasty=NASTY))
    (project.path / "nasty.py").write_text(FACTORIES.format(nasty=NASTY))

    def nasty(test, *args, marks=""):
        source = f'import pytest\n\nNASTY = "{NASTY}"\n\n{marks}\n{test}\n'
        (project.path / "test_it.py").write_text(source)
        return project.run("-rA", "--color=no", *args)

    return nasty


@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize("variant", ["ours", "theirs", "killed", "drawing", "preload", "library", "package"])
def test_an_error_of_a_worker_a_launch_or_a_requirement(nasty, variant):
    result = nasty(f"def test_it(sd_{variant}):\n    sd_{variant}.check(num_inference_steps=1)")
    assert result.ret == (pytest.ExitCode.OK if variant == "library" else pytest.ExitCode.TESTS_FAILED)
    assert_only_text(result)


@pytest.mark.parametrize(
    "call",
    [
        "sd_ship.check(**{NASTY: 1})",
        "sd_ship.check(num_inference_steps=NASTY)",
        "sd_ship.check(prompts=[NASTY, NASTY])",
        "sd_ship.measure(sizes=NASTY)",
    ],
)
def test_keywords_of_a_case(nasty, call):
    result = nasty(f"def test_it(sd_ship):\n    {call}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert_only_text(result)


@pytest.mark.parametrize(
    "marks",
    [
        "@pytest.mark.sdperf(**{NASTY: 1})",
        "@pytest.mark.sdperf(max_slowdown=NASTY)",
        "@pytest.mark.sdperf(type('Loud', (), {'__repr__': lambda self: NASTY})())",
        "@pytest.mark.requires_isa(NASTY)",
        "@pytest.mark.requires_package(NASTY)",
        "@pytest.mark.requires_memory(NASTY)",
    ],
)
def test_markers(nasty, marks):
    result = nasty("def test_it(sd_ship):\n    sd_ship.check()", marks=marks)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert_only_text(result)


REAL = NASTY.encode().decode("unicode_escape")


@pytest.mark.parametrize(
    "option",
    [
        "--sdperf-variants=ship," + REAL,
        "--sdperf-gate=" + REAL,
        "--sdperf-max-slowdown=" + REAL,
        "--sdperf-against=" + REAL,
        "--sdperf-baselines-from=" + REAL,
        "--sdperf-require=" + REAL,
        "--sdperf-against-python=" + REAL,
    ],
)
def test_options_that_cannot_be_used(nasty, option):
    result = nasty("def test_it(sd_ship):\n    sd_ship.check()", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert_only_text(result, is_shown=False)  # of a list the first word is named


@pytest.mark.parametrize("option", ["--sdperf-model=", "--sdperf-baselines="])
def test_options_that_the_header_shows(nasty, option):
    result = nasty("def test_it(sd_ship):\n    sd_ship.check(num_inference_steps=1)", option + REAL)
    assert_only_text(result)


@pytest.mark.parametrize(
    "hook",
    [
        "raise ValueError(NASTY)",
        "return [NASTY]",
        "return Variant(NASTY, 'harbour:build')",
        "return Variant('ship', NASTY)",
    ],
)
def test_a_hook_that_declares_variants_wrongly(nasty, project, hook):
    path = project.path / "conftest.py"
    nasty("def test_it():\n    pass")
    path.write_text(path.read_text() + f"\ndef pytest_sdperf_variants():\n    {hook}\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert_only_text(result)


def test_a_stored_file_that_says_what_it_likes(nasty, project):
    test = "def test_it(sd_ship):\n    sd_ship.check(num_inference_steps=1)"
    nasty(test, "--sdperf-update=new")
    path = project.baseline
    path.write_text(
        path.read_text().replace(path.parent.name, NASTY.replace("\\x1b", "\\u001b").replace("\\x", "\\u00"))
    )
    result = nasty(test)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert_only_text(result)


def test_the_line_of_another_session_that_is_waited_for():
    from pytest_sdperf.plugin.progress_reporter import ProgressReporter

    said = []

    class Reporter:
        isatty = False

        def ensure_newline(self):
            pass

        def write_line(self, line):
            said.append(line)

    plugins = SimpleNamespace(get_plugin=lambda name: Reporter() if name == "terminalreporter" else None)
    config = SimpleNamespace(pluginmanager=plugins, get_verbosity=lambda: 0)
    ProgressReporter(config).note(f"waiting for another session ({REAL})")
    [line] = said
    assert "\n" not in line
    assert "\x1b" not in line
