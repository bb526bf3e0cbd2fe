"""Where a test may measure: in the process that judges, one case at a time."""

import os
import sys
import threading
from argparse import Namespace
from types import ModuleType

import pytest

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.plugin import elsewhere
from pytest_sdperf.plugin.elsewhere import Home, refusal


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"numprocesses": 2}, "pytest-xdist's -n"),
        ({"numprocesses": 1}, "pytest-xdist's -n"),
        ({"dist": "each"}, "pytest-xdist's --dist"),
        ({"tx": ["popen"]}, "pytest-xdist's --tx"),
        ({"forked": True}, "--forked"),
        ({"workers": "1"}, "--workers"),
        ({"tests_per_worker": "auto"}, "--tests-per-worker"),
        ({"parallel_threads": "auto"}, "--parallel-threads"),
    ],
)
def test_options_that_are_refused(monkeypatch, options, flag):
    for name in ("xdist", "pytest_parallel"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert refusal(Namespace(**options), is_worker=False).startswith(f"--sdperf cannot run under {flag}: ")


@pytest.mark.parametrize(
    "options",
    [{}, {"numprocesses": 0}, {"dist": "no", "tx": []}, {"forked": False}, {"parallel_threads": 1}, {"workers": None}],
)
def test_options_that_change_nothing(options):
    assert refusal(Namespace(**options), is_worker=False) == ""


def test_an_option_of_the_same_name_of_another_plugin(monkeypatch):
    monkeypatch.delitem(sys.modules, "pytest_parallel", raising=False)
    assert refusal(Namespace(workers=4), is_worker=False) == ""


def test_a_worker_of_xdist():
    assert "cannot run in a worker of pytest-xdist" in refusal(Namespace(), is_worker=True)


@pytest.fixture
def home():
    made = Home()
    yield made
    made.close()


def test_one_thread_may_measure_within_itself(home):
    with home.alone("ship", "test"), home.alone("ship-own", "test"):
        assert home.busy == ("ship-own", "test")
    assert home.busy is None


def test_another_thread_is_refused_meanwhile(home):
    raised = []

    def other():
        try:
            with home.alone("boat", "other"):
                raised.append(None)
        except SdperfError as error:
            raised.append(str(error))

    with home.alone("ship", "test"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert raised[0].startswith("boat cannot be measured while another thread measures ship: ")
    assert raised[1] is None


def test_another_process_is_refused(home, monkeypatch):
    monkeypatch.setattr(elsewhere.os, "getpid", lambda: 1)
    with pytest.raises(SdperfError, match=r"this test measures in process 1, and the session .*verdict would be lost"):
        home.check_process()
    assert not home.is_here


def test_messages_arrive_whole_and_too_long_ones_not_at_all(home):
    home.send("a", "b\n")
    home.send("x" * 5000)
    home.send("c")
    assert list(home.received()) == [["a", "b\n"], ["c"]]
    assert list(home.received()) == []


def test_a_full_pipe_makes_nobody_wait(home):
    for _ in range(100):
        home.send("x" * 3000)
    assert 1 <= len(list(home.received())) < 100


def test_messages_end_where_a_test_has_closed_the_pipe(home):
    home.send("a")
    os.close(home._write)
    assert list(home.received()) == [["a"]]
    home._write = os.open(os.devnull, os.O_WRONLY)  # what `close` closes
