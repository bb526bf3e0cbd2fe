"""What the noise measurement's process says; its work is left out."""

import io
import time

from pytest_sdperf.doctor import noise_worker


def test_it_warms_up_and_answers_each_line_with_the_time_it_took(monkeypatch, capsys):
    kernels = []
    now_ns = iter([100, 130, 1000, 1700])
    monkeypatch.setattr(noise_worker, "calibration_kernel", lambda: kernels.append(len(capsys_lines())))
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(now_ns))
    monkeypatch.setattr(noise_worker.sys, "stdin", io.StringIO("\n\n"))
    said = []

    def capsys_lines():
        said.extend(capsys.readouterr().out.splitlines())
        return said

    noise_worker.main()
    assert capsys_lines() == ["ready", "30", "700"]
    assert kernels == [0] * 3 + [1] * 3 + [2] * 3, "before `ready`, and before each answer"
