from pathlib import Path

import pytest

from pytest_sdperf.launch.worker_process import how_it_ended, log_tail


@pytest.mark.parametrize(
    ("code", "what", "cure"),
    [
        (None, "the worker closed its pipe while drawing", "leave open files of others alone"),
        (0, "the worker ended with exit code 0 while drawing", "must return or raise, not exit"),
        (7, "the worker ended with exit code 7 while drawing", "must return or raise, not exit"),
        (-9, "the worker was killed by signal 9 (SIGKILL) while drawing", "Out of memory?"),
        (-11, "the worker was killed by signal 11 (SIGSEGV) while drawing", "A native library crashed"),
        (-6, "the worker was killed by signal 6 (SIGABRT) while drawing", "A native library gave up"),
        (-4, "the worker was killed by signal 4 (SIGILL) while drawing", "this processor does not have"),
        (-15, "the worker was killed by signal 15 (SIGTERM) while drawing", "Something outside of pytest-sdperf"),
        (-40, "the worker was killed by signal 40 (unnamed) while drawing", "Something outside of pytest-sdperf"),
    ],
)
def test_every_end_has_words_and_a_cure(code, what, cure):
    said, advised = how_it_ended(code, "drawing")
    assert said == what
    assert cure in advised
    assert advised.endswith(".")


def test_tail_is_the_last_lines(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join(map(str, range(100))) + "\n\n")
    assert log_tail(log, lines=3) == "97\n98\n99"
    assert log_tail(log).split("\n") == [str(n) for n in range(70, 100)]


def test_tail_is_safe_to_print(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\x1b[31mred\x07\n10%\r50%\r100%\r\nbad \xff utf8\n\ttab \xc2\x9b \xe2\x80\xae \xc3\xa9\n")
    assert log_tail(log) == "\\x1b[31mred\\x07\n100%\nbad \\xff utf8\n\ttab \\x9b \\u202e é"


def test_tail_reads_only_the_end_of_a_long_log(tmp_path, monkeypatch):
    log = tmp_path / "log"
    log.write_text("x" * 1_000_000 + "\nend\n")
    read = []

    class Counted:
        """The log's file, with a count of what is read from it."""

        def __init__(self, file):
            self.seek, self._file = file.seek, file

        def __enter__(self):
            return self

        def __exit__(self, *raised):
            self._file.close()

        def read(self, size=-1):
            read.append(self._file.read(size))
            return read[-1]

    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: Counted(opened(path, mode)))
    assert log_tail(log).endswith("x\nend")
    assert 0 < sum(map(len, read)) < 70_000


def test_no_log_has_no_tail(tmp_path):
    assert log_tail(tmp_path / "none") == ""
