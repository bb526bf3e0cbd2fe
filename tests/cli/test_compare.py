import pytest

from pytest_sdperf.measurement import Environment, Evidence, KernelTime

ID = "fp32-bundled-64x64-2steps"


def test_what_changed(run, write_report, measure):
    kernels = Evidence(kernels=[KernelTime("convolution", "ref:any", "f32", 1, 1.0)])
    around = Environment(machine_key="spr-8cores-amx", packages={"torch": "2.9.0"})
    before = write_report("a.json", measure(), measure("tuned"))
    after = write_report(
        "b.json",
        measure(seconds=(1.5, 1.52, 1.54), evidence=kernels, environment=around),
        measure("openvino"),
        ssim=0.95,
    )
    out = run("compare", before, after).stdout
    assert f"{ID}  1.02 s  1.52 s  +49.0 %  +4" in out
    for told in (
        "SSIM 0.9900, PSNR 40.0 dB -> SSIM 0.9500, PSNR 40.0 dB", "appeared: convolution ref:any f32",
        "torch 2.8.0 -> 2.9.0", "only in a.json: tuned-bundled-64x64-2steps", "only in b.json: openvino",
        "this describes the difference and decides nothing", "pytest --sdperf --sdperf-against=REV",
    ):  # fmt: skip
        assert told in out, told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"machine": "zen4"}, "the first was measured on spr-8cores-amx, this on zen4"),
        ({"model_digest": "b" * 64}, "the first was measured with model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"workload": {"seeds": [1]}}, "the first was measured with another workload ("),
    ],
)
def test_what_must_not_be_compared_is_not(run, write_report, measure, change, why):
    out = run("compare", write_report("a.json", measure()), write_report("b.json", measure(**change)), code=1).stdout
    assert f"cannot be compared  {why}" in out
    assert "change" not in out


def test_nothing_in_common(run, write_report, measure):
    out = run("compare", write_report("a.json", measure()), write_report("b.json", measure("tuned")), code=1).stdout
    assert "no case is on both sides" in out


def test_one_side_from_stdin(run, write_report, measure, folder):
    name = write_report("a.json", measure())
    assert f"- -> {name}" in run("compare", "-", name, stdin=(folder / name).read_text()).stdout
    assert "Only one of the two can be read from stdin." in run("compare", "-", "-", code=2).stderr


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this report is not valid JSON"),
        (b"[]", "this is not a report of pytest-sdperf"),
        (b"\xff", "this report is not UTF-8"),
        (b"[" * 100_000, "this report is not valid JSON"),
    ],
)
def test_files_that_are_no_reports(run, write_report, measure, folder, data, message):
    (folder / "bad.json").write_bytes(data)
    error = run("compare", write_report("a.json", measure()), "bad.json", code=2).stderr
    assert message in error
    assert "[bad.json]" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("columns", [80, 140])
def test_no_line_is_wider_than_the_screen(run, write_report, measure, columns):
    a, b = write_report("a.json", measure("x" * 50)), write_report("b.json", measure("x" * 50, seconds=(9.0, 9.1)))
    assert max(map(len, run("compare", a, b, columns=columns).stdout.splitlines())) <= columns


def test_hostile_names_are_text(run, write_report, measure):
    names = {"case_id": "<b>\x1b[31m", "variant": "\u202evil\n"}
    a, b = write_report("a.json", measure(**names)), write_report("b.json", measure(**names, seconds=(2.0,)))
    out = run("compare", a, b).stdout
    assert "<b>\\x1b[31m" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
