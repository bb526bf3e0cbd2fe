import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.cli.pages.variants_page import render
from pytest_sdperf.doctor import runnable as module
from pytest_sdperf.doctor.diagnosis import Runnable
from pytest_sdperf.errors import CaseError
from pytest_sdperf.variant import Launch, Variant

CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ours", "kitchen:build", summary="our own <b>", requirements=("package:no-such-thing",))]
"""


def test_everything_that_a_variant_declares():
    variant = Variant(
        "ours",
        "kitchen:build",
        summary="our own",
        launch=Launch(env={"A": "1"}, preload=("jemalloc",), pin=True),
        requirements=("amx",),
        claims=(Claim("kernel_precision", "bf16", at_least=0.95), Claim("threads")),
        params={"precision": "auto"},
        scheduler="DPM",
        reference=None,
        thresholds={"min_psnr": "30dB"},
        needs_model=False,
        precision="int8",
    )
    text = render([Runnable(variant, "conftest of tests", [])], problems=["x"], note="All.", width=100, colour=False)
    assert text.splitlines() == [
        "ours: our own",
        "  here        can run",
        "  fixture     sd_ours",
        "  needs       amx",
        "  proves      kernel_precision(bf16, at least 95 %), threads",
        "  launch      one thread pinned to each usable core; preloads jemalloc; A=1",
        "  parameters  precision=auto",
        "  precision   int8",
        "  scheduler   DPM",
        "  limits      min_psnr=30dB",
        "  truth       its own stored picture",
        "  model       brings its own weights",
        "  declared    by conftest of tests, built by kitchen:build",
        "",
        "x",
        "",
        "All.",
    ]


def test_a_bare_variant():
    text = render([Runnable(Variant("ours", "a:b"), "x", [])], problems=[], note="", width=80, colour=False)
    assert "needs     nothing" in text
    assert "proves    nothing" in text
    assert "launch    as the session's own environment" in text


def test_built_in_variants(run):
    out = run("variants").stdout
    assert "fp32: plain diffusers in fp32\n" in out
    assert "openvino_static_f32: " in out
    assert "sdperf variants tests" in out


def test_those_of_a_conftest(run, folder):
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text(CONFTEST)
    (folder / "tests" / "test_x.py").write_text("raise RuntimeError('test modules are not imported')")
    assert "ours:" not in run("variants").stdout
    out = run("variants", "tests").stdout
    assert "ours: our own <b>\n" in out
    assert "here      needs package:no-such-thing: this environment has no no-such-thing." in out
    assert "declared  by conftest of tests, built by kitchen:build" in out


def test_a_conftest_that_fails(run, folder):
    (folder / "conftest.py").write_text("raise RuntimeError('no gas')")
    error = run("variants", ".", code=2).stderr
    assert "the variants of . cannot be collected" in error
    assert "no gas" in error
    assert len(error.splitlines()) == 1


def test_a_path_that_is_not_there(run):
    assert "there is no 'nowhere' [--tests]" in run("variants", "nowhere", code=2).stderr


def test_an_entry_point_that_cannot_be_loaded(run, monkeypatch):
    def add(_):
        raise CaseError("entry point x cannot be loaded", cure="Fix it.")

    monkeypatch.setattr(module.Registry, "add_entry_points", add)
    assert "entry point x cannot be loaded. Fix it." in run("variants", code=1).stdout


@pytest.mark.parametrize("columns", [80, 140])
def test_no_line_is_wider_than_the_screen(run, columns):
    assert max(map(len, run("variants", columns=columns).stdout.splitlines())) <= columns
