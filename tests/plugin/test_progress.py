"""What people see while it works: one redrawn line on a terminal, one line a stage in a log, nothing with -q."""

import os
import re
import subprocess

import pyte
import pytest

pytestmark = pytest.mark.one_python

NOTES = "RECORDED 1 new baseline"


class TestLog:
    def test_a_line_for_each_stage(self, project):
        lines = [line for line in project.run("--sdperf-update=new").outlines if line.startswith("sdperf: ship")]
        assert lines[0] == "sdperf: ship: measuring ship-own-64x64-2steps, 5 processes x 5 pictures"
        assert [line.partition(", ")[0] for line in lines[1:]] == [
            f"sdperf: ship: process {number} of 5" for number in (1, 2, 3, 4, 5)
        ]

    def test_a_line_for_each_pair(self, project):
        result = project.run("--sdperf-against=self", "--sdperf-rounds=3")
        lines = [line for line in result.outlines if " pair " in line]
        assert [line.partition(", 3 rounds: ")[0] for line in lines] == [
            f"sdperf: ship: pair {number} of at most 24" for number in (1, 2, 3, 4)
        ]
        assert not [line for line in result.outlines if "round 1 of" in line or "building" in line]

    def test_quiet_says_nothing_on_the_way_and_all_that_matters_in_the_end(self, project, told):
        result = project.run("--sdperf-update=new", "-q")
        assert "process 1 of 5" not in result.stdout.str()
        told(result, "PASSED (recorded)", NOTES)
        assert "NO BASELINE" in project.run("-q", "--sdperf-baselines=elsewhere").stdout.str()


class TestVerbosity:
    def test_verbose_tells_every_part_of_what_passed(self, project, told):
        project.record()
        normal = project.run("--sdperf-max-slowdown=50%").stdout.str()
        verbose = project.run("--sdperf-max-slowdown=50%", "-v")
        told(
            verbose, "case      ship-own-64x64-2steps", "proof     PASSED: ", "picture   PASSED: ", "memory    PASSED: "
        )
        assert "case      ship-own" not in normal

    def test_quiet_leaves_out_what_passed_side_by_side_and_nothing_else(self, project, weather):
        beside = ("--sdperf-against=self", "--sdperf-rounds=3")
        assert "PASSED ship: latency: " in project.run(*beside).stdout.str()
        quiet = project.run(*beside, "-q").stdout.str()
        assert "PASSED ship: latency: " not in quiet
        assert re.search(r"^ship .* PASSED$", quiet, re.MULTILINE)
        weather.slower["head"] = 1.5
        assert "FAILED ship: latency REGRESSED: " in project.run(*beside, "-q").stdout.str()


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.usefixtures("real_workers")
class TestTerminal:
    @pytest.fixture
    def watched(self, project, own_process):
        """Run the project on a terminal; returns what was written to it, and the lines that can be seen in the end."""
        import fcntl
        import struct
        import termios

        def watched(*args, width=100, height=60, codes=(0,), **environ):
            command, inherited = own_process("--sdperf-processes=2", "--sdperf-rounds=1", "--sdperf-update=new", *args)
            ours, theirs = os.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            with subprocess.Popen(
                command, cwd=project.path, env=inherited | environ, stdin=theirs, stdout=theirs, stderr=theirs
            ) as session:
                os.close(theirs)
                written = b"".join(_chunks(ours))
            os.close(ours)
            assert session.returncode in codes, written.decode()
            screen = pyte.Screen(width, height)
            pyte.ByteStream(screen).feed(written)
            return written.decode(), [line.rstrip() for line in screen.display if line.strip()]

        return watched

    @pytest.mark.parametrize("verbosity", ["", "-v"])
    @pytest.mark.parametrize("colour", ["yes", "no"])
    def test_progress_is_redrawn_and_leaves_nothing(self, watched, verbosity, colour):
        written, seen = watched(f"--color={colour}", *filter(None, [verbosity]))
        assert "sdperf: ship: process 1 of 2: building" in written
        assert "sdperf: ship: process 2 of 2: timing pictures at 64x64" in written
        assert not [line for line in seen if "process 1 of 2" in line or "process 2 of 2" in line]
        [told] = [line for line in seen if line.startswith("test_it.py")]
        assert re.fullmatch(r"test_it\.py(::test_ship PASSED| \.) +\[100%\]", told)
        assert max(map(len, seen)) <= 100
        assert NOTES in " ".join(seen)

    def test_pairs_are_redrawn_too(self, watched):
        written, seen = watched(
            "--sdperf-against=self",
            "--sdperf-ignore=300%",
            "--sdperf-must-catch=900%",
            "--sdperf-max-pairs=4",
            "--sdperf-missing=fail",
            "--sdperf-gate=latency",
            codes=(0, 1),  # other work on this machine may make the pairs invalid
        )
        assert re.search(r"ship: pair 2 of at most \d.*: building and warming up", written)
        assert not [line for line in seen if "pair 2 of at most" in line]

    @pytest.mark.parametrize(("args", "environ"), [(("-q",), {}), ((), {"CI": "true"}), ((), {"TERM": "dumb"})])
    def test_nothing_is_redrawn_where_nobody_watches_or_it_cannot_be(self, watched, args, environ):
        written, seen = watched(*args, **environ)
        assert "building" not in written
        assert ("sdperf: ship: process 1 of 2, " in written) is (not args)
        assert NOTES in " ".join(seen)


def _chunks(fd):
    """What is written to a pseudo-terminal until its last writer is gone, which Linux tells as an error."""
    while True:
        try:
            chunk = os.read(fd, 1 << 16)
        except OSError:
            return
        if not chunk:
            return
        yield chunk
