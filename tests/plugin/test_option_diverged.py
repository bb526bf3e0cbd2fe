"""--sdperf-diverged: a picture that ends elsewhere though every link of its chain agrees, at every level."""

import pytest

CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    ship = dict(factory="drift:build", needs_model=False)
    return [Variant("ship", reference=None, **ship), Variant("raft", reference="ship", **ship, params={"drifts": True})]
"""

DRIFT = '''
"""A pipeline whose every call agrees to 60 dB, and whose end does not: each call doubles what came before."""

import numpy as np


class Raft:
    def __init__(self, drifts):
        self.drifts = drifts

    def sdperf_stages(self):
        return {"unet": (self, "denoise")}

    def denoise(self, latents, step):
        answer = np.sin(latents * 8)
        return answer + np.float32(self.drifts * 0.002) * np.cos(latents * 50)

    def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, output_type):
        for step in range(num_inference_steps):
            latents = self.denoise(latents, step)
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return ((grown + 1.1) / 2.2).astype(np.float32)[None]


def build(context):
    return Raft(context.params.get("drifts", False))
'''

TEST = """
    import pytest

    {marker}
    def test_raft(sd_raft):
        sd_raft.check(num_inference_steps=8, prompt="a raft")
"""


@pytest.fixture
def raft(project):
    project.conftest(CONFTEST)
    (project.path / "drift.py").write_text(DRIFT)

    def run(*args, marker=""):
        project.test(TEST.format(marker=marker))
        return project.run("--sdperf-update=new", "--sdperf-gate=picture", *args)

    return run


def test_it_warns_by_default(raft, told):
    result = raft()
    result.assert_outcomes(passed=1)
    told(result, "DIVERGED raft: picture: ", "; every link of its chain agrees, so rounding chose another path")


def test_it_fails_where_that_is_asked_for(raft, told):
    result = raft("--sdperf-diverged=fail")
    result.assert_outcomes(failed=1)
    told(result, "raft: picture DIVERGED: ", "choose prompts whose pictures are stable, or let them warn (diverged)")


def test_ini_and_marker(raft, project):
    project.ini(diverged="fail")
    raft().assert_outcomes(failed=1)
    raft("--sdperf-diverged=warn").assert_outcomes(passed=1)
    raft("--sdperf-diverged=warn", marker='@pytest.mark.sdperf(diverged="fail")').assert_outcomes(failed=1)


@pytest.mark.parametrize("stated", ["--sdperf-min-ssim=0.98", "--sdperf-min-psnr=35dB", "--sdperf-parity=off"])
def test_stated_limits_and_what_is_not_followed_are_judged_by_their_end(raft, told, stated):
    result = raft(stated)
    result.assert_outcomes(failed=1)
    told(result, "raft: picture BROKEN: ")


def test_bad_values(project, told):
    result = project.run("--sdperf-diverged=maybe")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'maybe' is not a choice [--sdperf-diverged]. Use one of: fail, warn.")
