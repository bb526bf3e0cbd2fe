"""Plugins that run a test again let any of k+1 gates pass; plugins that run it elsewhere lost the verdict and the report."""

import os
import sys
import types

import pytest

from pytest_sdperf.report.json import read

pytestmark = pytest.mark.skipif(os.name != "posix", reason="tests are run in forked processes")

RERUNS = '''
"""As pytest-rerunfailures and flaky do: a failed test runs again, and only the last attempt counts."""
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in (1, 2, 3):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = any(report.failed for report in reports)
        if failed and attempt < 3:
            item._initrequest()
            continue
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        break
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
'''

RETRY = '''
"""As pytest-retry does: the test's function is called again, and its result takes the place of the first."""
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and report.failed:
        try:
            item.runtest()
        except BaseException:
            return report
        report.outcome, report.longrepr = "passed", None
    return report
'''

FORKED = '''
"""As pytest-forked does: every test in a child, which sends its reports."""
import os
import pickle
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            data = [item.config.hook.pytest_report_to_serializable(config=item.config, report=r) for r in reports]
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(data, pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pickle.load(pipe)
    os.waitpid(child, 0)
    for one in data:
        report = item.config.hook.pytest_report_from_serializable(config=item.config, data=one)
        item.ihook.pytest_runtest_logreport(report=report)
    return True
'''

SILENT = '''
"""A runner that forks, and tells pytest nothing."""
import os
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    child = os.fork()
    if child == 0:
        try:
            runtestprotocol(item, nextitem=nextitem, log=False)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return True
'''

THREADS = '''
"""As pytest-run-parallel does: a test's function in several threads at once."""
import threading
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    gate = threading.Barrier(2)
    failed = []
    def call():
        gate.wait()
        try:
            pyfuncitem.obj(**arguments)
        except BaseException as error:
            failed.append(error)
    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return True
'''


class Runner:
    def __init__(self, project):
        self.project = project

    def run(self, plugin, *args, test="sd_ship.check(num_inference_steps=2)", fixture="sd_ship"):
        path = self.project.path / "conftest.py"
        path.write_text(path.read_text() + plugin)
        (self.project.path / "test_it.py").write_text(f"def test_it({fixture}):\n    {test}\n")
        return self.project.run("--sdperf-json=out.json", *args)

    @property
    def report(self):
        return read((self.project.path / "out.json").read_text())


@pytest.fixture
def runner(project):
    return Runner(project)


# Which gates fail in turn: the first, and no other.
ONCE = """
import itertools
NAMES = itertools.chain(["sd_wreck"], itertools.repeat("sd_ship"))
"""


@pytest.mark.parametrize("plugin", [RERUNS, RETRY], ids=["reruns", "retry"])
def test_a_gate_that_failed_once_cannot_pass_by_being_run_again(runner, project, told, weather, plugin):
    project.record("-k", "test_ship")
    (project.path / "once.py").write_text(ONCE)
    test = "import once; request.getfixturevalue(next(once.NAMES)).check(num_inference_steps=2)"
    result = runner.run(plugin, "--sdperf-missing=skip", test=test, fixture="request")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "wreck: picture BROKEN")
    assert [o.measurement.variant for o in runner.report.outcomes if o.failed] == ["wreck"]
    assert runner.report.errors == []


def test_a_second_attempt_is_not_measured_and_says_why(runner, told, weather):
    result = runner.run(
        RERUNS, "--sdperf-missing=skip", test="sd_wreck.check(num_inference_steps=2)", fixture="sd_wreck"
    )
    result.assert_outcomes(errors=1)
    told(
        result,
        "this test has failed in this run already, and running it again (--reruns, say) does not change that: wr",
    )
    assert weather.alone.count("wreck") == 3, "the three processes of the first attempt"
    assert len(runner.report.outcomes) == 1


def test_a_crash_is_not_tried_again_either(runner, told):
    result = runner.run(RERUNS, test="sd_ship.check(height=7)")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(runner.report.errors) == 1


def test_other_tests_may_be_run_again(runner, project):
    project.record("-k", "test_ship")
    (project.path / "once.py").write_text("import itertools\nNUMBERS = itertools.count()\n")
    result = runner.run(RERUNS, "--sdperf-missing=skip", test="import once; assert next(once.NUMBERS)", fixture="")
    assert result.ret == pytest.ExitCode.OK


def test_repeats_with_names_of_their_own_are_judged_each(runner, project, told):
    repeats = """
def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("number")
    metafunc.parametrize("number", range(2))
"""
    result = runner.run(repeats, "--sdperf-update=new")
    result.assert_outcomes(passed=2)
    assert [o.nodeid for o in runner.report.outcomes] == ["test_it.py::test_it[0]", "test_it.py::test_it[1]"]


def assert_refused(runner, result, told):
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    [error] = runner.report.errors
    assert (error.variant, error.file, error.line) == ("ship", "test_it.py", 1)
    assert f"and the session that judges it is process {os.getpid()}: its verdict would be lost" in error.sentence
    told(result, "FAILED ship: not measured: this test measures in process ")
    assert not (runner.project.path / "baselines").exists()


@pytest.mark.parametrize("plugin", [FORKED, SILENT], ids=["forked", "silent"])
def test_a_test_in_a_child_fails_and_is_reported(runner, told, plugin):
    assert_refused(runner, runner.run(plugin, "--sdperf-update=new"), told)


def test_a_fork_in_the_test_itself(runner, told):
    test = """
    import os
    child = os.fork()
    if child == 0:
        try:
            sd_ship.check(num_inference_steps=2)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""
    assert_refused(runner, runner.run("", "--sdperf-update=new", test=test), told)


def test_a_child_leaves_the_tree_of_the_base_to_its_parent(runner, project, make_repository, told):
    repository = make_repository(path=project.path)
    project.record()
    repository.commit()
    result = runner.run(FORKED, "--sdperf-baselines-from=HEAD")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert repository.worktrees() == [str(project.path)]
    assert len(runner.report.errors) == 1


def test_a_runner_that_runs_nothing_loses_no_test(runner, told):
    result = runner.run("\ndef pytest_runtest_protocol(item, nextitem):\n    return True\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(
        result, "FAILED test_it: the test failed: pytest has no result of this test: a plugin or conftest took it over"
    )


def test_one_test_in_two_threads_at_once(runner, told):
    result = runner.run(THREADS, "--sdperf-update=new")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "cannot be measured while another thread measures ship", "cases timed side by side disturb each other")


@pytest.mark.parametrize(
    ("option", "values", "cure"),
    [
        ("--forked", "action='store_true'", "Run it without --forked."),
        ("--parallel-threads=2", "default=1", "Run it with --parallel-threads=1."),
        ("--workers=2", "dest='workers'", "Run it without --workers."),
        ("--tests-per-worker=auto", "dest='tests_per_worker'", "Run it without --tests-per-worker."),
    ],
)
def test_options_that_run_tests_elsewhere_are_usage_errors(runner, project, told, monkeypatch, option, values, cure):
    monkeypatch.setitem(sys.modules, "pytest_parallel", types.ModuleType("pytest_parallel"))
    plugin = f"\ndef pytest_addoption(parser):\n    parser.addoption({option.partition('=')[0]!r}, {values})\n"
    result = runner.run(plugin, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "ERROR: --sdperf cannot run under ", option.partition("=")[0], cure)


def test_the_same_options_switched_off(runner, project):
    plugin = "\ndef pytest_addoption(parser):\n    parser.addoption('--parallel-threads', default=1)\n"
    assert runner.run(plugin, "--parallel-threads=1", "--sdperf-update=new").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("options", [["-n2"], ["-d", "--tx=2*popen"], ["--dist=each", "--tx=popen"]])
def test_every_way_to_distribute_with_xdist_is_a_usage_error(project, told, options):
    pytest.importorskip("xdist")
    result = project.run_beside_others(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "--sdperf cannot run under pytest-xdist's ")
