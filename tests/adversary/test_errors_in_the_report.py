"""A case that crashes was in no report: every test of ours that ran ends there, as what it was."""

import os
import textwrap

import pytest
from click.testing import CliRunner

from pytest_sdperf.cli.command import sdperf
from pytest_sdperf.report.json import read

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")

CONFTEST = """
    import pytest
    from pytest_sdperf import Launch, Variant

    def pytest_sdperf_variants():
        own = dict(needs_model=False, reference=None)
        return [
            Variant("ship", "harbour:build", **own),
            Variant("boat", "harbour:build", **own),
            Variant("mast", "wrecks:raising", **own),
            Variant("hull", "wrecks:killed", **own),
            Variant("crew", "wrecks:leaving", **own),
            Variant("calm", "wrecks:hanging", **own),
            Variant("hold", "wrecks:full", **own),
            Variant("sail", "harbour:build", launch=Launch(preload=("/no/such/libwind.so",)), **own),
            Variant("whale", "harbour:build", requirements=("package:no-such-whale>=2",), **own),
        ]

    @pytest.fixture
    def leaking():
        raise OSError("no dry dock")
"""

WRECKS = """
    import os, signal, threading

    def raising(context):
        raise ValueError("the mast broke")

    def killed(context):
        print("::error::taking water", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)

    def leaving(context):
        os._exit(3)

    def hanging(context):
        threading.Event().wait()

    def full(context):
        raise MemoryError
"""

GOOD = """
    import pytest

    def test_good(sd_ship):
        sd_ship.check(num_inference_steps=2)

"""
LINE = 6
"""Of the test that goes wrong, in the file without the blank line that it begins with."""


class Fleet:
    """A project with one good test and one that goes wrong, and every report of its run."""

    def __init__(self, project):
        self.project = project
        project.conftest(CONFTEST)
        project.pytester.makepyfile(wrecks=WRECKS)

    def run(self, test, *args):
        self.project.test(textwrap.dedent(GOOD) + textwrap.dedent(test))
        files = ("--sdperf-json=out.json", "--sdperf-html=out.html", "--sdperf-markdown=out.md", "--junitxml=out.xml")
        few = ("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-timeout=60s")
        return self.project.run(*files, *few, *args)

    @property
    def report(self):
        return read((self.project.path / "out.json").read_text())

    def text(self, name):
        return (self.project.path / name).read_text()

    def annotations(self, result):
        return [line for line in result.outlines if line.startswith("::error")]


@pytest.fixture
def fleet(project, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path))
    return Fleet(project)


def assert_in_every_report(fleet, result, variant, sentence, case_id):
    """The case of the good test passed; that of the other was not measured, and says why wherever people look."""
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    [error] = fleet.report.errors
    assert (error.variant, error.case_id, error.file, error.line) == (variant, case_id, "test_it.py", LINE)
    assert sentence in error.sentence
    assert [o.measurement.variant for o in fleet.report.outcomes] == ["ship"]
    assert any(line.startswith(f"FAILED {variant}: not measured: ") and sentence in line for line in result.outlines)
    [row] = [line for line in result.outlines if line.startswith(f"{variant} ")]
    assert row.endswith("NOT MEASURED")
    [annotation] = fleet.annotations(result)
    assert annotation.startswith(
        f"::error file=test_it.py,line={LINE},title=sdperf%3A {variant} NOT MEASURED::{variant}: not measured: "
    )
    markdown = fleet.text("out.md")
    assert markdown.startswith("## ❌ sdperf: 1 of 2 cases failed\n\n2 cases: 1 ")
    assert "1 not measured" in markdown.splitlines()[2]
    assert f"1 of 2 cases failed: {variant} (not measured)." in fleet.text("out.html")
    junit = fleet.text("out.xml")
    assert 'name="sdperf_verdict" value="NOT MEASURED"' in junit
    assert 'name="sdperf_error"' in junit


@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize(
    ("variant", "args", "sentence"),
    [
        ("mast", (), "ValueError: the mast broke"),
        ("hull", (), "signal 11 (SIGSEGV)"),
        ("crew", (), "exit code 3"),
        ("calm", ("--sdperf-timeout=2s",), "gave no answer within 2 s"),
        ("hold", (), "MemoryError"),
        ("sail", (), "/no/such/libwind.so"),
    ],
)
def test_a_worker_that_goes_wrong_is_a_failed_case_of_every_report(fleet, variant, args, sentence):
    case = f"def test_bad(sd_{variant}):\n    sd_{variant}.check(num_inference_steps=2)"
    result = fleet.run(case, "--sdperf-update=new", *args)
    assert_in_every_report(fleet, result, variant, sentence, f"{variant}-own-64x64-2steps")


@pytest.mark.parametrize("method", ["check", "measure"])
def test_keywords_that_make_no_case(fleet, method):
    result = fleet.run(f"def test_bad(sd_boat):\n    sd_boat.{method}(height=7)", "--sdperf-update=new")
    assert_in_every_report(fleet, result, "boat", "only height is given", "")


def test_a_requirement_that_must_be_met(fleet):
    result = fleet.run(
        "def test_bad(sd_whale):\n    sd_whale.check()", "--sdperf-update=new", "--sdperf-require=package"
    )
    assert_in_every_report(fleet, result, "whale", "--sdperf-require=package makes this a failure", "")


def test_a_model_that_is_not_there(fleet, project):
    project.conftest(CONFTEST.replace('"boat", "harbour:build", **own', '"boat", "harbour:build", reference=None'))
    result = fleet.run(
        "def test_bad(sd_boat):\n    sd_boat.check()", "--sdperf-update=new", "--sdperf-model=no/such/model"
    )
    assert_in_every_report(fleet, result, "boat", "no/such/model", "")


def test_an_error_inside_of_the_plugin_is_in_the_report_too(fleet, monkeypatch):
    from pytest_sdperf.measure import alone

    honest = alone.sample

    def sample(case, *args, **keywords):
        if case.variant.name == "boat":
            raise TypeError("Encoding objects of type object is unsupported")
        return honest(case, *args, **keywords)

    monkeypatch.setattr(alone, "sample", sample)
    result = fleet.run("def test_bad(sd_boat):\n    sd_boat.check(num_inference_steps=2)", "--sdperf-update=new")
    sentence = "TypeError: Encoding objects of type object is unsupported"
    assert_in_every_report(fleet, result, "boat", sentence, "boat-own-64x64-2steps")


def test_a_baseline_that_cannot_be_trusted(fleet, project):
    fleet.run("", "--sdperf-update=new")
    project.baseline.write_text("{}")
    result = fleet.run("")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    [outcome] = fleet.report.outcomes
    assert "the file is truncated or no valid baseline" in outcome.error
    assert fleet.report.errors == []
    [row] = [line for line in result.outlines if line.startswith("ship ")]
    assert row.endswith("NOT JUDGED (error)")
    assert fleet.text("out.md").startswith("## ❌ sdperf: 1 of 1 case failed\n\n1 case: 1 not judged.")
    [annotation] = fleet.annotations(result)
    assert "title=sdperf%3A ship NOT JUDGED::ship: not judged: the file is truncated" in annotation


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ("def test_bad(sd_boat):\n    assert False, 'before'", "AssertionError: before"),
        ("def test_bad(leaking, sd_boat):\n    pass", "in its setup: OSError: no dry dock"),
        ("@pytest.mark.sdperf(no_such=1)\ndef test_bad(sd_boat):\n    pass", "no_such"),
        (
            "def test_bad(sd_boat):\n    sd_boat.check(num_inference_steps=2)\n    assert False, 'after'",
            "AssertionError: after",
        ),
    ],
)
def test_a_test_that_fails_by_itself(fleet, test, sentence):
    result = fleet.run(test, "--sdperf-update=new")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    [error] = fleet.report.errors
    assert (error.variant, error.nodeid) == ("", "test_it.py::test_bad")
    assert sentence in error.sentence
    assert fleet.text("out.md").startswith("## ❌ sdperf: 1 test failed in an error\n")
    assert "1 test failed in an error: test_bad." in fleet.text("out.html")
    assert len(fleet.annotations(result)) == 1
    [row] = [line for line in result.outlines if line.startswith("test_bad ")]
    assert row.endswith("ERROR")


def test_a_run_in_which_nothing_could_be_measured_has_a_report(fleet, project):
    project.test("def test_bad(sd_whale):\n    sd_whale.check()")
    result = project.run("--sdperf-require=all", "--sdperf-json=out.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [e.variant for e in fleet.report.errors] == ["whale"]
    assert len(fleet.annotations(result)) == 1


RECORDED = """
    def test_boat(sd_boat):
        sd_boat.check(num_inference_steps=2)
        sd_boat.check(num_inference_steps=3)
"""


@pytest.fixture
def offered(fleet, project, monkeypatch):
    """The case of the good test and two of a boat are recorded; after another run, prune offers these baselines."""
    monkeypatch.chdir(project.path)
    fleet.run(RECORDED, "--sdperf-update=new").assert_outcomes(passed=2)

    def offered(test, *args):
        fleet.run(test, *args)
        result = CliRunner().invoke(sdperf, ["baselines", "prune", "--unused-by=out.json"])
        assert result.exit_code in (0, 1), result.output
        return [case for case in BOATS if f"{case}.json" in result.output], result.output

    return offered


BOATS = ["boat-own-64x64-2steps", "boat-own-64x64-3steps"]


def test_prune_offers_what_a_whole_run_did_not_use(offered):
    assert offered("")[0] == BOATS


@pytest.mark.parametrize(
    "test",
    [
        "def test_boat(sd_boat):\n    sd_boat.check(height=7)",
        "def test_boat(sd_boat):\n    assert False",
        "def test_boat(leaking, sd_boat):\n    pass",
        "def test_boat(sd_boat):\n    import pytest\n    pytest.skip('in dock')",
        "def test_boat(request):\n    request.getfixturevalue('sd_boat').check(height=7)",
    ],
)
def test_prune_keeps_the_baselines_of_a_test_that_ended_before_its_case_was_known(offered, test):
    found, output = offered(test)
    assert found == []
    assert "test_it.py::test_boat failed or skipped in the run of the report" in output
    assert "baselines of boat are kept, used or not" in output


def test_prune_keeps_what_a_failed_test_did_not_come_to(offered, weather):
    weather.step_ns["boat"] = 9_000_000
    assert offered(RECORDED)[0] == []


def test_prune_keeps_all_where_the_variants_of_a_failed_test_are_not_known(offered):
    test = "@pytest.mark.sdperf\ndef test_boat(request):\n    assert False"
    found, output = offered(test)
    assert found == []
    assert "all baselines are kept" in output


def test_a_run_does_not_call_baselines_unused_that_a_failed_test_may_need(fleet, told):
    fleet.run(RECORDED, "--sdperf-update=new")
    result = fleet.run("def test_boat(sd_boat):\n    sd_boat.check(height=7)")
    assert "stored here but not used" not in result.stdout.str()
    told(fleet.run(""), "2 stored here but not used by this run")
