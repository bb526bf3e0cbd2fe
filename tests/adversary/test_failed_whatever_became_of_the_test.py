"""The table said FAILED and the exit code was 0: a run fails where an outcome failed, whatever became of the test."""

import pytest

CATCHING = {
    "nothing": "sd_wreck.check(num_inference_steps=2)",
    "thread": """
        import threading
        thread = threading.Thread(target=sd_wreck.check, kwargs=dict(num_inference_steps=2))
        thread.start()
        thread.join()
    """,
    "pool": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sd_wreck.check, num_inference_steps=2)
    """,
    "except": """
        try:
            sd_wreck.check(num_inference_steps=2)
        except BaseException:
            pass
    """,
    "return": """
        try:
            sd_wreck.check(num_inference_steps=2)
        finally:
            return
    """,
    "skip": """
        try:
            sd_wreck.check(num_inference_steps=2)
        finally:
            pytest.skip("no time")
    """,
    "raises": """
        with pytest.raises(pytest.fail.Exception):
            sd_wreck.check(num_inference_steps=2)
    """,
    "xfail in the body": """
        try:
            sd_wreck.check(num_inference_steps=2)
        except BaseException:
            pytest.xfail("known")
    """,
    "suppress and retry": """
        import contextlib
        for _ in range(2):
            with contextlib.suppress(BaseException):
                sd_wreck.check(num_inference_steps=2)
    """,
    "error before the case": """
        try:
            sd_wreck.check(height=7)
        except BaseException:
            pass
    """,
}


def indented(body, by="    "):
    import textwrap

    return textwrap.indent(textwrap.dedent(body).strip(), by)


@pytest.fixture
def wreck(project):
    """A project whose one test is as told; its picture is BROKEN."""

    def wreck(body, *args, marks="", conftest="", files=""):
        if conftest:
            path = project.path / "conftest.py"
            path.write_text(path.read_text() + conftest)
        source = f"import pytest\n\n{marks}\ndef test_wreck(sd_wreck):\n{indented(body)}\n{files}"
        (project.path / "test_it.py").write_text(source)
        return project.run("--sdperf-missing=skip", "--sdperf-json=out.json", *args)

    return wreck


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("how", CATCHING)
def test_a_failure_that_the_test_swallows(wreck, told, how):
    result = wreck(CATCHING[how])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    told(result, "wreck: not measured: " if how == "error before the case" else "FAILED wreck: picture BROKEN")


def test_a_failure_in_a_fixture_that_swallows_it(wreck):
    conftest = """
import pytest

@pytest.fixture
def measured(sd_wreck):
    try:
        sd_wreck.check(num_inference_steps=2)
    except BaseException:
        pass
"""
    result = wreck("pass", conftest=conftest, files="def test_other(measured):\n    pass\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)


def test_a_failure_in_a_fixtures_teardown_that_swallows_it(wreck):
    conftest = """
import pytest

@pytest.fixture
def measured(sd_wreck, tmp_path_factory):
    yield
    try:
        sd_wreck.check(num_inference_steps=2)
    except BaseException:
        pass
"""
    result = wreck("pass", "-W", "ignore", conftest=conftest, files="def test_other(measured):\n    pass\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, errors=1)


@pytest.mark.parametrize(
    "mark",
    [
        "@pytest.mark.xfail",
        "@pytest.mark.xfail(reason='slow today')",
        "@pytest.mark.xfail(raises=pytest.fail.Exception)",
        "@pytest.mark.xfail(strict=True)",
    ],
)
def test_xfail_does_not_excuse_a_gate(wreck, told, mark):
    result = wreck(CATCHING["nothing"], marks=mark)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    told(result, "xfail does not excuse a gate: wreck: picture BROKEN", "leave it out of --sdperf-gate")


def test_xfail_of_a_part_that_is_not_gated(wreck):
    result = wreck(CATCHING["nothing"], "--sdperf-gate=proof", marks="@pytest.mark.xfail")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(xpassed=1)


def test_xfail_of_what_the_test_itself_asserts(wreck):
    result = wreck("assert sd_wreck.measure(num_inference_steps=2) is None", marks="@pytest.mark.xfail")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(xfailed=1)


def test_a_strict_xfail_that_passes_is_in_the_report(wreck, told):
    result = wreck(CATCHING["nothing"], "--sdperf-gate=proof", marks="@pytest.mark.xfail(strict=True)")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "FAILED test_wreck: the test failed: [XPASS(strict)]")


HOOKS = {
    "a hook that turns failures into passes": """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report
""",
    "a hook that makes reports of its own": """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    call.excinfo = None
""",
    "a hook around the call": """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        yield
    except BaseException:
        pass
""",
    "a hook that alters reports when they are logged": """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.outcome, report.longrepr = "passed", None
""",
    "an exit with code 0": """
import pytest

def pytest_runtest_teardown(item):
    pytest.exit("enough", returncode=0)
""",
    "a hook that sets the exit code": """
import pytest

def pytest_sessionfinish(session):
    session.exitstatus = 0
""",
    "a hook around all others that sets the exit code": """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    yield
    session.exitstatus = 0
""",
}


@pytest.mark.parametrize("what", HOOKS)
def test_a_conftest_that_hides_the_failure(wreck, told, what):
    result = wreck(CATCHING["nothing"], conftest=HOOKS[what])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "FAILED wreck: picture BROKEN")


def test_what_pytest_does_not_count_is_named(wreck, told):
    result = wreck(CATCHING["nothing"], conftest=HOOKS["a hook that alters reports when they are logged"])
    told(
        result,
        "ERROR: test_it.py::test_wreck does not count as failed for pytest, and this failed the run: wreck: pict",
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_nobody_joined(wreck, told, monkeypatch):
    import threading

    from pytest_sdperf.measure import alone

    began, ended = threading.Event(), threading.Event()

    def sample(*args, **keywords):
        began.set()
        ended.wait(30)
        raise SystemExit

    monkeypatch.setattr(alone, "sample", sample)
    monkeypatch.setattr(threading, "began", began, raising=False)
    body = """
        import threading
        threading.one = threading.Thread(target=lambda: sd_wreck.measure(num_inference_steps=2), daemon=True)
        threading.one.start()
        assert threading.began.wait(30)
    """
    try:
        result = wreck(body, "-p", "no:threadexception")
    finally:
        ended.set()
        threading.one.join()
        del threading.one
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "was still being measured in a thread when the run ended. Join the thread in the test.")
