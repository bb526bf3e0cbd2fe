"""How wide the summary table is: as the terminal, or complete where output goes to a log."""

from __future__ import annotations

COMPLETE = ("PSNR dB", "peak", "proven")


def test_a_log_gets_every_column(project, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = project.run("--sdperf-update=new").stdout.str()
    assert all(heading in text for heading in COMPLETE)


def test_a_width_that_is_said_is_kept(project, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    result = project.run("--sdperf-update=new")
    (heading,) = [line for line in result.outlines if line.startswith("variant ")]
    assert len(heading) <= 50
    assert "verdict" in heading
    assert not all(name in heading for name in COMPLETE)
