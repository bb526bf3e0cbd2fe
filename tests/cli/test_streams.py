import io
import os

import pytest

from pytest_sdperf.cli import streams as module
from pytest_sdperf.cli.streams import Screen, screen


@pytest.fixture
def stdout(monkeypatch):
    def stdout(*, terminal, columns=97):
        class Stream(io.StringIO):
            def isatty(self):
                return terminal

        monkeypatch.setattr(module.sys, "stdout", Stream())
        monkeypatch.setattr(module.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))

    return stdout


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Screen(97, colour=True)),
        ({"NO_COLOR": ""}, Screen(97, colour=True)),
        ({"NO_COLOR": "1"}, Screen(97, colour=False)),
        ({"TERM": "dumb"}, Screen(97, colour=False)),
    ],
)
def test_a_terminal(stdout, environ, expected):
    stdout(terminal=True)
    assert screen(environ) == expected


def test_a_pipe_has_neither_width_nor_colour_unless_columns_says_so(stdout):
    stdout(terminal=False)
    assert screen({}) == Screen(None, colour=False)
    assert screen({"COLUMNS": "many"}) == Screen(None, colour=False)
    assert screen({"COLUMNS": "97"}) == Screen(97, colour=False)


def test_a_width_that_nothing_fits(stdout):
    stdout(terminal=True, columns=3)
    assert screen({}).width == 40
