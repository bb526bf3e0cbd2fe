"""Workloads and stored files that cannot be used: that test fails with the cure, others go on, nothing is lost."""

import errno
import json
import os
from pathlib import Path

import pytest

from pytest_sdperf.baselines.file_format import FORMAT_VERSION


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("step=20", "unknown keyword 'step'. Use one of: prompt, prompts, num_inference_steps, "),
        ("height=100, width=64", "height=100 is not a multiple of 8. Latents are 8 times smaller"),
        ("height=64", "only height is given. Give both height and width."),
        ("height=64, width=64, sizes=[(64, 64)]", "height is given together with sizes."),
        ("num_inference_steps=0", "num_inference_steps=0. Ask for a whole number of at least 1 step."),
        ("guidance_scale=float('nan')", "guidance_scale=nan. Ask for a finite number, like 7.5."),
        ("seed=-1", "seed=-1. Ask for a whole number of at least 0."),
        ("prompt=''", "prompt '' is empty. Write what the picture shows."),
        ("'a ship', prompts=['a', 'b']", "prompt and prompts are both given. Give one of them."),
        ("sizes=64", "sizes=64. Name at least one (height, width), each once."),
    ],
)
@pytest.mark.parametrize("method", ["check", "measure"])
def test_workloads(project, weather, told, method, call, message):
    project.test(f"""
        def test_ship(sd_ship):
            sd_ship.{method}({call})

        def test_other(sd_ship):
            sd_ship.measure(num_inference_steps=1)
    """)
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    told(result, message)
    assert weather.processes == ["ship"] * 3


def truncated(path):
    path.write_bytes(path.read_bytes()[:500])


def other_version(path):
    path.write_text(path.read_text().replace(f'"format_version": {FORMAT_VERSION}', '"format_version": 7'))


def with_nan(path):
    stored = json.loads(path.read_bytes())
    stored["jobs"][0]["measurement"]["processes"][0]["peak_rss_bytes"] = float("nan")
    path.write_text(json.dumps(stored))


def of_another_machine(path):
    path.write_text(path.read_text().replace(path.parent.name, "pdp11-1cores-base"))


def edited(path):
    path.write_text(path.read_text().replace('"median_s": 0.005', '"median_s": 0.05', 1))


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "the file is truncated or no valid baseline"),
        (other_version, f"the file has format version 7, and this pytest-sdperf reads {FORMAT_VERSION}"),
        (with_nan, "the file is truncated or no valid baseline"),
        (of_another_machine, "the file is of machine pdp11-1cores-base, but lies where "),
        (edited, "the headline does not agree with the samples below it"),
        (a_folder, "reading failed: Is a directory"),
    ],
)
@pytest.mark.parametrize("option", ["--sdperf-update=all", "--sdperf-update=new"])
def test_stored_baselines(project, told, damage, message, option):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)

        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    project.record()
    [ship] = project.folder.glob("ship-*.json")
    damage(ship)
    before = project.stored()
    result = project.run(option)
    result.assert_outcomes(failed=1, passed=1)
    told(result, message, str(ship), "NOT JUDGED (error)")
    changed = {name for name, data in project.stored().items() if before.get(name) != data}
    assert not any("ship-" in name for name in changed)


def test_a_baseline_behind_a_link_out_of_the_folder(project, tmp_path_factory, told):
    project.record()
    outside = tmp_path_factory.mktemp("outside") / "stolen.json"
    project.baseline.rename(outside)
    [folder] = [p for p in (project.path / "baselines").iterdir() if p.name != "references"]
    (folder / "ship-own-64x64-2steps.json").symlink_to(outside)
    before = outside.read_bytes()
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(failed=1)
    told(result, f"a symbolic link leads out of the baselines folder to {outside}")
    assert outside.read_bytes() == before


def test_a_stored_reference_of_another_workload_is_refused(project, told):
    drawn = """
        def test_ship(sd_ship):
            sd_ship.check("a ship", num_inference_steps={})
    """
    project.test(drawn.format(2))
    project.record()
    [picture] = (project.path / "baselines" / "references").rglob("*.png")
    data = picture.read_bytes()
    project.test(drawn.format(3))
    project.record()
    other = next(p for p in picture.parent.glob("*.png") if p != picture)
    other.write_bytes(data)
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, "the reference is of num_inference_steps 2, not 3", str(other), "NOT JUDGED (error)")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_does_not_take_the_baseline(project, weather, monkeypatch, told, error):
    project.record()
    before = project.stored()
    weather.step_ns["ship"] = 2_000_000

    def replace(self, target):
        raise OSError(error, os.strerror(error), str(self))

    with monkeypatch.context() as patched:
        real = Path.replace
        patched.setattr(Path, "replace", lambda s, t: replace(s, t) if "baselines" in str(t) else real(s, t))
        result = project.run("--sdperf-update=all")
    result.assert_outcomes(failed=1)
    told(result, f"writing failed: {os.strerror(error)}; the stored file is unchanged", "NOT JUDGED (error)")
    assert "REPLACED" not in result.stdout.str()
    assert project.stored() == before
    told(project.run("--sdperf-update=all"), "REPLACED")


def test_a_second_session_waits_and_says_so(project, monkeypatch, told, tmp_path):
    import subprocess
    import sys

    from pytest_sdperf.launch import host_lock

    lock = host_lock._shared_folder() / "pytest-sdperf.lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, filelock\n"
            "lock = filelock.FileLock(sys.argv[1], mode=0o666)\n"
            "lock.acquire(); print('held', flush=True); sys.stdin.read()",
            str(lock),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline().strip() == b"held"
        from pytest_sdperf.plugin import progress_reporter

        note = progress_reporter.ProgressReporter.note

        def note_and_end_the_other(reporter, line):
            note(reporter, line)
            if line.startswith("waiting"):
                holder.communicate()

        monkeypatch.setattr(progress_reporter.ProgressReporter, "note", note_and_end_the_other)
        result = project.record()
    finally:
        holder.kill()
        holder.communicate()
    told(result, f"sdperf: waiting for another sdperf session on this host to end; lock: {lock}")


def test_a_session_inside_a_session_is_refused(project, told):
    from pytest_sdperf.launch import host_lock

    with host_lock.host_lock(print, folder=host_lock._shared_folder()):
        result = project.run()
    result.assert_outcomes(failed=1)
    told(result, "this process holds the host's lock already", "Run the inner session in a process of its own")


def test_xdist_is_a_usage_error_with_the_cure(project, told):
    pytest.importorskip("xdist", reason="is about pytest-xdist's -n")
    result = project.run("-p", "xdist", "-n", "2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "--sdperf cannot run under pytest-xdist's -n", "Run it with -n 0 or without -n.")
    project.run("-p", "xdist", "-n", "0", "--sdperf-update=new").assert_outcomes(passed=1)
