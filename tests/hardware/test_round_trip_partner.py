"""The other end of a round trip, without a process."""

import mmap
import os

import pytest

from pytest_sdperf.hardware import round_trip_partner as partner


class Byte:
    """Is set, or cleared, at every third look."""

    def __init__(self, value):
        self.value, self.looks, self.written = value, 0, []

    def __getitem__(self, index):
        self.looks += 1
        return self.value if self.looks % 3 == 0 else 1 - self.value

    def __setitem__(self, index, value):
        self.written.append(value)


def test_ask_sets_and_waits_until_it_is_cleared():
    byte = Byte(0)
    partner.ask(byte, 4)
    assert (byte.written, byte.looks) == ([1] * 4, 12)


def test_answer_waits_until_it_is_set_and_clears():
    byte = Byte(1)
    partner.answer(byte, 4)
    assert (byte.written, byte.looks) == ([0] * 4, 12)


@pytest.mark.parametrize(("end", "byte"), [(partner.ask, bytearray(1)), (partner.answer, bytearray(1))])
def test_neither_waits_for_ever(monkeypatch, end, byte):
    monkeypatch.setattr(partner, "_MOST_LOOKS", 10)
    if end is partner.ask:
        byte = {0: 1}
    with pytest.raises(partner.Stuck):
        end(byte, 1)


def test_it_echoes_and_spins_until_the_pipe_closes_and_after_it_got_stuck(monkeypatch, tmp_path):
    commands, told, flips = iter([b"e", b"s", b"s", b"e", b""]), [], []

    def answer(byte, number):
        flips.append(number)
        if len(flips) == 1:
            raise partner.Stuck

    monkeypatch.setattr(partner, "answer", answer)
    monkeypatch.setattr(partner.os, "sched_setaffinity", lambda pid, cpus: told.append(cpus), raising=False)
    monkeypatch.setattr(partner.os, "read", lambda fd, count: next(commands))
    monkeypatch.setattr(partner.os, "write", lambda fd, data: told.append(data))
    with (tmp_path / "memory").open("w+b") as file:
        file.truncate(mmap.PAGESIZE)
        partner.main([str(os.dup(file.fileno())), "1"])
    assert told == [{1}, b"e", b"s", b"s", b"e"]
    assert flips == [2000, 2000]
