"""Ctrl-C, and pytest.exit: workers end, finished cases stand and are told, and of the unfinished one there is no verdict."""

import os
import signal
import subprocess

import psutil
import pytest

from pytest_sdperf.report import json as report_json

posix = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")

CONFTEST = """
    from pytest_sdperf import Launch, Variant

    def pytest_sdperf_variants():
        own = dict(factory="harbour:build", needs_model=False, reference=None)
        return [
            Variant("ship", **own),
            Variant("barge", **own, launch=Launch(env={"SHIP_NAP_S": "0.1"})),  # 0.2 s a picture, 1.4 s a process
        ]
"""

TESTS = """
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)

    def test_barge(sd_barge):
        sd_barge.check(num_inference_steps=2)

    def test_after(sd_ship):
        sd_ship.check(num_inference_steps=3)
"""


def workers_in(folder):
    """Worker processes that run there."""
    found = []
    for process in psutil.process_iter():
        try:
            if "pytest_sdperf.worker.main" in process.cmdline() and process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def interrupted(project, own_process, default_sigint):
    """Run the project and send SIGINT when a line of its output has a text; returns exit code and output."""
    project.conftest(CONFTEST)
    project.test(TESTS)

    def interrupted(*args, when):
        command, environ = own_process("--sdperf-json=out.json", "--sdperf-timeout=60s", *args)
        with subprocess.Popen(
            command, cwd=project.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, preexec_fn=default_sigint,  # noqa: PLW1509 -- nothing but this one call between fork and exec
        ) as session:  # fmt: skip
            said = []
            for line in session.stdout:
                said.append(line)
                if when in line:
                    break
            while not workers_in(project.path):  # the next process, or pair, is about to start
                assert session.poll() is None, "".join(said)
            session.send_signal(signal.SIGINT)
            said += session.communicate(timeout=60)[0]
        return session.returncode, "".join(said)

    return interrupted


@posix
@pytest.mark.usefixtures("real_workers")
class TestControlC:
    def test_while_a_case_is_measured(self, interrupted, project):
        code, said = interrupted("--sdperf-update=new", when="barge: process 1 of 5")
        assert code == pytest.ExitCode.INTERRUPTED, said
        assert workers_in(project.path) == []
        [row] = [line for line in said.splitlines() if line.startswith("ship ")]
        assert row.endswith("NOT JUDGED (recorded)")  # it claims nothing, and is its own picture's truth
        assert "RECORDED 1 new baseline" in said
        note = (
            "INTERRUPTED during barge-own-64x64-2steps: it is neither judged nor recorded, and later cases were not "
            "measured; earlier results stand"
        )
        assert f"NOTE {note}" in said
        assert not [line for line in said.splitlines() if line.startswith("barge ")]
        report = report_json.read((project.path / "out.json").read_text())
        assert [outcome.measurement.variant for outcome in report.outcomes] == ["ship"]
        assert report.notes[0] == note
        assert [path.name for path in project.folder.iterdir()] == ["ship-own-64x64-2steps.json"]

    def test_while_pairs_are_measured(self, interrupted, project):
        """The case was measured once before the pairs, and is not judged by that either."""
        beside = ("--sdperf-against=self", "--sdperf-rounds=3", "--sdperf-gate=latency,proof")
        code, said = interrupted(*beside, "-k", "barge or after", when="barge: pair 1 of")
        assert code == pytest.ExitCode.INTERRUPTED, said
        assert workers_in(project.path) == []
        assert "NOTE INTERRUPTED during barge-own-64x64-2steps: " in said
        assert report_json.read((project.path / "out.json").read_text()).outcomes == []
        assert not (project.path / "baselines").exists()


def test_an_end_between_cases_is_told(project, told):
    project.test("""
        import pytest

        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)

        def test_end():
            pytest.exit("enough")
    """)
    result = project.run("--sdperf-update=new", "--sdperf-json=out.json")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    note = "INTERRUPTED: cases that were not measured by then are not in this report"
    told(result, "PASSED (recorded)", f"NOTE {note}")
    assert report_json.read((project.path / "out.json").read_text()).notes == [note]


def test_what_was_measured_before_the_end_of_its_test_is_told_without_a_verdict(project, told):
    project.test("""
        import pytest

        @pytest.mark.sdperf
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
            pytest.exit("enough")
    """)
    result = project.run("--sdperf-update=new")
    told(result, "measured only", "NOTE INTERRUPTED: ")
    assert not (project.path / "baselines").exists()


def test_a_run_that_came_to_its_end_says_nothing_of_it(project):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)

        def test_bad():
            assert False
    """)
    result = project.run("--sdperf-update=new", "-x")
    result.assert_outcomes(passed=1, failed=1)
    assert "INTERRUPTED" not in result.stdout.str()
