"""pytest-timeout: a limit that ends an export or pairs is named before anything is measured, and leaves no worker."""

import subprocess
import sys
import time

import psutil
import pytest

pytest.importorskip("pytest_timeout")

TEST = """
    import pytest

    @pytest.mark.sdperf
    {mark}
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""


def run(project, *args):
    return project.run("-p", "pytest_timeout", "--sdperf-update=new", *args)


@pytest.mark.parametrize(
    ("args", "mark", "limit"),
    [
        (("--timeout=300",), "", "5 min"),
        ((), "@pytest.mark.timeout(60)", "60 s"),
        ((), "@pytest.mark.timeout(timeout=60)", "60 s"),
        (("--timeout=9000",), "@pytest.mark.timeout(60)", "60 s"),
        (("-o", "timeout=120"), "", "120 s"),
    ],
)
def test_a_limit_below_what_a_gate_may_take_is_noted(project, weather, told, args, mark, limit):
    project.test(TEST.format(mark=mark))
    result = run(project, *args)
    result.assert_outcomes(passed=1)
    seconds = {"5 min": "300 s"}.get(limit, limit)
    told(
        result,
        f"NOTE pytest-timeout ends test_it.py::test_ship after {seconds}, and a gate may take longer: one answer of a worker "
        "600 s (--sdperf-timeout). What is ended has no verdict: raise that limit for these tests, --timeout=600 or "
        "@pytest.mark.timeout(600)",
    )


@pytest.mark.parametrize(
    ("args", "mark"),
    [
        (("--timeout=600",), ""),
        (("--timeout=0",), ""),
        (("--timeout=60",), "@pytest.mark.timeout(900)"),
        (("--timeout=60", "--sdperf-timeout=60s"), ""),
        ((), ""),
    ],
)
def test_a_limit_that_leaves_time_is_not(project, weather, args, mark):
    project.test(TEST.format(mark=mark))
    result = run(project, *args)
    result.assert_outcomes(passed=1)
    assert "pytest-timeout ends" not in result.stdout.str()


def test_side_by_side_the_pairs_need_their_time_too(project, weather, told):
    result = project.run("-p", "pytest_timeout", "--timeout=900", "--sdperf-against=self", "--sdperf-gate=latency")
    result.assert_outcomes(passed=1)
    told(result, "600 s (--sdperf-timeout), and the pairs 600 s (--sdperf-budget)", "--timeout=1200")


def test_tests_of_others_are_not_named(project, weather):
    project.test("""
        import pytest

        @pytest.mark.timeout(1)
        def test_other():
            pass
    """)
    assert "pytest-timeout ends" not in run(project).stdout.str()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tests look into Linux' processes")
@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize("method", ["thread", "signal"])
def test_a_test_that_it_ends_leaves_no_worker(project, own_process, tmp_path, method):
    """`thread` ends the whole process by os._exit: nothing of ours runs then."""
    (tmp_path / "temporary").mkdir()
    project.harbour(NAP_S=300)
    command, environ = own_process("-p", "pytest_timeout", "--timeout=4", f"--timeout-method={method}")
    environ["TMPDIR"] = str(tmp_path / "temporary")
    said = subprocess.run(
        command, cwd=project.path, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 1, said.stdout
    deadline = time.monotonic() + 20

    def left():
        found = []
        for process in psutil.process_iter():
            try:
                found += [process.pid] if process.environ().get("SDPERF_WORKER", "").startswith(str(tmp_path)) else []
            except psutil.Error:
                continue
        return found + [path for path in (tmp_path / "temporary").iterdir() if path.name.startswith("sdperf-")]

    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == []
