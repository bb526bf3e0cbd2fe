"""--sdperf-parity: which pictures are followed along the reference's chain, at every level."""

import pytest

from pytest_sdperf.report.json import read

TEST = """
    import pytest

    {marker}
    def test_rust(sd_rust):
        sd_rust.check(num_inference_steps=2, prompts=["a ship", "a goat"])
"""


@pytest.fixture
def followed(project):
    """Runs the test with options; gives the keys of the pictures that were followed."""

    def run(*args, marker=""):
        project.test(TEST.format(marker=marker))
        project.run("--sdperf-update=new", "--sdperf-json=out.json", *args).assert_outcomes(passed=1)
        [outcome] = read((project.path / "out.json").read_text()).outcomes
        return [picture.key for picture in outcome.verdict.chain.pictures] if outcome.verdict.chain else None

    return run


ALL, FIRST = ["64x64/0", "64x64/1"], ["64x64/0"]


def test_every_picture_by_default(followed):
    assert followed() == ALL


def test_the_command_line(followed):
    assert followed("--sdperf-parity=first") == FIRST
    assert followed("--sdperf-parity=off") is None


def test_command_line_over_ini(followed, project):
    project.ini(parity="off")
    assert followed() is None
    assert followed("--sdperf-parity=first") == FIRST


def test_marker_over_command_line(followed):
    assert followed("--sdperf-parity=off", marker='@pytest.mark.sdperf(parity="all")') == ALL


def test_where_the_picture_is_not_gated_none_is(followed):
    assert followed("--sdperf-gate=latency") is None


def test_bad_values(project, told):
    result = project.run("--sdperf-parity=some")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'some' is not a choice [--sdperf-parity]. Use one of: all, first, off.")
